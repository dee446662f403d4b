"""The containers list: its filters, its order and limits, its text."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.listing import Listing, ListOptions, status_text
from pydock.daemon.containers.record import Container, MountPoint, State, Status
from pydock.daemon.images.service import Images
from pydock.daemon.networks.settings import EndpointSettings
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import images as store
from pydock.imagestore.snapshots import Snapshots
from pydock.imagestore.trees import Usage
from tests.unit.daemon.containers.made_containers import container

IMAGE = "sha256:" + "1" * 64
CHILD = "sha256:" + "2" * 64


class FakeImage:
    def __init__(self, id: str) -> None:
        self.id = id
        self.size = 100


class FakeImages:
    """Two images, the second made from the first."""

    names: dict[str, str]

    def __init__(self) -> None:
        self.names = {"img": IMAGE, IMAGE: IMAGE, "child": CHILD}

    def resolve(self, reference: str, platform: object = None) -> FakeImage:
        if reference not in self.names:
            raise NotFound(f"No such image: {reference}")
        return FakeImage(self.names[reference])

    def get(self, image: str) -> FakeImage:
        return FakeImage(image)

    def children(self, image: str) -> list[FakeImage]:
        return [FakeImage(CHILD)] if image == IMAGE else []


class FakeSnapshots:
    def usage(self, key: str) -> Usage:
        return Usage(7, 1)


class FakeCatalog(Catalog):
    """Containers without an index."""

    def __init__(self, *records: Container) -> None:
        self._entries = {record.id: Entry(record) for record in records}
        self._ids = sorted(self._entries)
        self._names = {record.name: record.id for record in records}


RUNNING = State(status=Status.RUNNING, started_at=1)
SANDBOX: dict[str, Any] = {
    "id": "s", "key": "", "ports": {"80/tcp": [["0.0.0.0", "8080"]], "90/udp": None}, "hosts_path": "",
    "hostname_path": "", "resolv_conf_path": "",
}  # fmt: skip
WEB = container({"Labels": {"a": "1", "b": ""}}, id="a" * 64, name="web", created=3_000_000_000, state=RUNNING,
                sandbox=SANDBOX, endpoints={"net": EndpointSettings(network_id="f" * 64)})  # fmt: skip
JOB = container(
    {"Cmd": ["sh", "-c", "a b"], "Labels": {"a": "2"}},
    id="b" * 64, name="job", created=2_000_000_000, image=CHILD,
    state=State(status=Status.EXITED, exit_code=3, started_at=1, finished_at=2),
    mounts=(MountPoint("volume", "/v", "/data/vol", name="vol"), MountPoint("bind", "/b", "/src")),
)  # fmt: skip
NEW = container(id="c" * 64, name="new", created=1_000_000_000)


def listing(*records: Container) -> tuple[Listing, FakeCatalog, FakeImages]:
    images, catalog = FakeImages(), FakeCatalog(*(records or (NEW, WEB, JOB)))
    snapshots = cast(Snapshots, FakeSnapshots())
    return Listing(catalog, cast(Images, images), cast(store.Images, images), snapshots), catalog, images


def names(filters: Mapping[str, Sequence[str]], **options: Any) -> list[str]:
    shown = asyncio.run(listing()[0].show(ListOptions(filters, **{"all": True, **options})))
    return [entry["Names"][0][1:] for entry in json.loads(shown)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["web", "job", "new"]),
        ({"status": ["running"]}, ["web"]),
        ({"status": ["exited", "created"]}, ["job", "new"]),
        ({"label": ["a"]}, ["web", "job"]),
        ({"label": ["a=1"]}, ["web"]),
        ({"label": ["a", "b"]}, ["web"]),
        ({"name": ["e"]}, ["web", "new"]),
        ({"name": ["^/?w"]}, ["web"]),
        ({"name": ["/web"]}, ["web"]),
        ({"name": ["("]}, []),
        ({"name": ["(b+)+$"]}, ["web", "job"]),
        ({"id": ["aa"]}, ["web"]),
        ({"id": ["a", "b"], "name": ["job"]}, ["job"]),
        ({"id": ["web"]}, []),
        ({"exited": ["3"]}, ["job"]),
        ({"exited": ["0"]}, []),
        ({"ancestor": ["child"]}, ["job"]),
        ({"ancestor": ["img"]}, ["web", "job", "new"]),
        ({"ancestor": ["nope"]}, []),
        ({"volume": ["vol"]}, ["job"]),
        ({"volume": ["/src"]}, ["job"]),
        ({"volume": ["/v"]}, ["job"]),
        ({"network": ["net"]}, ["web"]),
        ({"network": ["ffff"]}, ["web"]),
        ({"network": ["bridge"]}, ["job", "new"]),
        ({"publish": ["8080"]}, ["web"]),
        ({"publish": ["8000-9000/tcp"]}, ["web"]),
        ({"publish": ["8080/udp"]}, []),
        ({"expose": ["90/udp"]}, ["web"]),
        ({"before": ["web"]}, ["job", "new"]),
        ({"since": ["new"]}, ["web", "job"]),
        ({"since": ["new"], "before": ["web"]}, ["job"]),
        ({"health": ["none"]}, ["web", "job", "new"]),
        ({"health": ["healthy"]}, []),
        ({"is-task": ["true"]}, []),
        ({"is-task": ["false"]}, ["web", "job", "new"]),
    ],
)
def test_filters(filters: dict[str, list[str]], found: list[str]) -> None:
    assert names(filters) == found


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"odd": ["x"]}, "invalid filter 'odd'"),
        ({"status": ["odd"]}, "invalid value for state \\(odd\\): must be one of created, running"),
        ({"health": ["odd"]}, "invalid value for health"),
        ({"exited": ["x"]}, "invalid filter 'exited=x': strconv.Atoi"),
        ({"publish": ["0.0.0.0:80"]}, "should not contain ':'"),
        ({"publish": ["99999"]}, "error while looking up for publish 99999"),
        ({"is-task": ["x"]}, "invalid filter"),
        ({"is-task": ["true", "0"]}, "invalid filter"),
        ({"publish": ["90-80"]}, "Invalid range specified for the Port: 90-80"),
        ({"publish": ["/tcp"]}, "Empty string specified for ports."),
    ],
)
def test_filters_refused(filters: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        names(filters)


@pytest.mark.parametrize("name", ["x", ""])
def test_before_something_that_is_not_there(name: str) -> None:
    with pytest.raises(NotFound, match=f"No such container: {name}"):
        names({"before": [name]})


def test_running_ones_only_and_limits() -> None:
    assert names({}, all=False) == ["web"]
    assert names({}, all=False, limit=2) == ["web", "job"]
    assert names({"status": ["created"]}, all=False) == ["new"]


def test_an_entry_has_dockers_keys_in_dockers_order() -> None:
    shown = json.loads(asyncio.run(listing()[0].show(ListOptions({}, all=True, size=True))))
    web, job, _ = shown
    assert list(web) == [
        "Id", "Names", "Image", "ImageID", "Command", "Created", "Ports", "SizeRw", "SizeRootFs", "Labels", "State",
        "Status", "HostConfig", "NetworkSettings", "Mounts",
    ]  # fmt: skip
    assert web["Ports"] == [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 90, "Type": "udp"},
    ]
    assert (web["SizeRw"], web["SizeRootFs"], web["Created"]) == (7, 107, 3)
    assert job["Command"] == "sh -c 'a b'"
    assert job["Status"].startswith("Exited (3) ")
    assert job["Mounts"][0]["Source"] == "/data/vol"


def test_a_name_that_means_another_image_by_now_gives_way_to_the_id() -> None:
    made, _, images = listing(WEB)
    options = ListOptions({}, all=True)
    assert json.loads(asyncio.run(made.show(options)))[0]["Image"] == "img"
    images.names["img"] = CHILD
    assert json.loads(asyncio.run(made.show(options)))[0]["Image"] == IMAGE


def test_a_changed_record_is_shown_changed() -> None:
    made, catalog, _ = listing(NEW)
    options = ListOptions({}, all=True)
    assert json.loads(asyncio.run(made.show(options)))[0]["State"] == "created"
    catalog.find("new").record = container(id=NEW.id, name="new", state=RUNNING)
    assert json.loads(asyncio.run(made.show(options)))[0]["State"] == "running"


def test_what_is_gone_is_forgotten() -> None:
    records = [container(id=f"{number:064x}", name=f"n{number}") for number in range(100)]
    made, catalog, _ = listing(*records)
    asyncio.run(made.show(ListOptions({}, all=True)))
    catalog._entries = {}
    asyncio.run(made.show(ListOptions({}, all=True)))
    assert len(made._parts) == 0


NOW = 10**18
MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ("state", "health", "text"),
    [
        (State(), None, "Created"),
        (State(Status.RUNNING, started_at=NOW - 3 * MINUTE), None, "Up 3 minutes"),
        (State(Status.RUNNING, started_at=NOW - 3 * MINUTE), "healthy", "Up 3 minutes (healthy)"),
        (State(Status.RUNNING, started_at=NOW - MINUTE), "starting", "Up About a minute (health: starting)"),
        (State(Status.PAUSED, started_at=NOW - 2 * 10**9), None, "Up 2 seconds (Paused)"),
        (
            State(Status.RESTARTING, exit_code=1, started_at=1, finished_at=NOW - 5 * 10**9),
            None,
            "Restarting (1) 5 seconds ago",
        ),
        (
            State(Status.EXITED, exit_code=137, started_at=1, finished_at=NOW - 120 * MINUTE),
            None,
            "Exited (137) 2 hours ago",
        ),
        (State(Status.REMOVING), None, "Removal In Progress"),
        (State(Status.DEAD), None, "Dead"),
    ],
)
def test_status(state: State, health: str | None, text: str) -> None:
    entry = Entry(container(state=state))
    entry.health = {"Status": health} if health else None
    assert status_text(entry, NOW) == text


def test_a_thousand_containers_are_encoded_once() -> None:
    records = [container(id=f"{number:064x}", name=f"n{number}", created=number) for number in range(1000)]
    made, _, _ = listing(*records)
    options = ListOptions({}, all=True)
    first = asyncio.run(made.show(options))
    parts = dict(made._parts)
    assert len(json.loads(first)) == 1000
    time.sleep(0)
    asyncio.run(made.show(options))
    assert all(made._parts[id] is part for id, part in parts.items())
