"""What networks are after the daemon's death: names, rules and files of containers that lived on, or began anew."""

import contextlib
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import index_copy
from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import Daemon, eventually, kill

POOL = ("--default-address-pool", "base=198.19.192.0/20,size=26")
SERVE = "nc -ll -p 80 -e hostname"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that the tests kill, with subnets of its own to choose from."""
    with Daemon(tmp_path_factory.mktemp("mortal"), "n", *POOL) as daemon:
        yield daemon


@pytest.fixture(autouse=True)
def clean(mortal: Daemon) -> Iterator[None]:
    """Nothing is left of a test."""
    yield
    mortal.sweep()
    mortal.call("POST", "/networks/prune")
    eventually(lambda: not leftovers.find(mortal))


def find(daemon: Daemon, identity: str, name: str) -> bytes:
    """What a container's look-up of an IPv4 address prints."""
    return daemon.execute(identity, "nslookup", "-type=a", name)[1]


def address(daemon: Daemon, identity: str, network: str) -> bytes:
    shown = daemon.get(f"/containers/{identity}/json")["NetworkSettings"]["Networks"][network]
    return str(shown["IPAddress"]).encode()


def visit(port: int) -> str:
    """What a server at a published port says; "" where none answers."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.settimeout(5)
        return sock.recv(1000).decode().strip()
    return ""


def published(daemon: Daemon, identity: str) -> int:
    bound = daemon.get(f"/containers/{identity}/json")["NetworkSettings"]["Ports"]["80/tcp"]
    return int(bound[0]["HostPort"])


def recorded(daemon: Daemon, identity: str) -> dict[str, Any]:
    """A container's record."""
    with index_copy.opened(daemon.root / "data/pydock.db") as index:
        (text,) = index.execute("SELECT record FROM containers WHERE id = ?", (identity,)).fetchone()
    record: dict[str, Any] = json.loads(text)
    return record


def change_record(daemon: Daemon, identity: str, changes: dict[str, Any]) -> None:
    """Change a container's record while no daemon runs."""
    with contextlib.closing(sqlite3.connect(daemon.root / "data/pydock.db")) as index, index:
        (text,) = index.execute("SELECT record FROM containers WHERE id = ?", (identity,)).fetchone()
        record = json.dumps({**json.loads(text), **changes})
        index.execute("UPDATE containers SET record = ? WHERE id = ?", (record, identity))
        if "name" in changes:
            index.execute("UPDATE containers SET name = ? WHERE id = ?", (changes["name"], identity))


def test_a_rename_that_was_cut_off_is_made_whole(mortal: Daemon) -> None:
    mortal.ok("POST", "/networks/create", {"Name": "front"})
    one, other = (mortal.run("sleep", "1000", name=name, host={"NetworkMode": "front"}) for name in ("one", "other"))
    mortal.restart(lambda: change_record(mortal, one, {"name": "another"}))
    assert address(mortal, one, "front") in find(mortal, other, "another")
    assert b"NXDOMAIN" in find(mortal, other, "one")
    shown = mortal.get("/containers/another/json")["NetworkSettings"]["Networks"]["front"]["DNSNames"]
    assert shown == ["another", one[:12]]


def test_what_begins_anew_with_the_daemon_has_its_names_and_ports(mortal: Daemon) -> None:
    mortal.ok("POST", "/networks/create", {"Name": "front"})
    host = {
        "NetworkMode": "front",
        "RestartPolicy": {"Name": "always"},
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1"}]},
    }
    identities = [mortal.shell(SERVE, name=f"s{number}", host=host) for number in range(8)]
    before = {identity: mortal.state(identity)["Pid"] for identity in identities}

    def end() -> None:
        for pid in before.values():
            kill(pid)

    mortal.restart(end)
    for number, identity in enumerate(identities):
        check_new_life(mortal, identity, before[identity], f"s{number}")


def check_new_life(daemon: Daemon, identity: str, former: int, name: str) -> None:
    eventually(lambda: daemon.state(identity)["Pid"] not in (0, former))
    shown = daemon.get(f"/containers/{identity}/json")
    eventually(lambda: visit(published(daemon, identity)) == shown["Config"]["Hostname"])
    assert address(daemon, identity, "front") in find(daemon, identity, name)
    assert Path(shown["NetworkSettings"]["SandboxKey"]).is_symlink()


def test_ports_that_the_dead_daemon_had_not_handed_over_are_held(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000", host={"NetworkMode": "bridge"})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    def publish() -> None:
        sandbox = {**recorded(mortal, identity)["sandbox"], "ports": {"80/tcp": [["127.0.0.1", str(port)]]}}
        change_record(mortal, identity, {"sandbox": sandbox})

    mortal.restart(publish)
    mortal.kill()  # and it is the shim that holds them
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", port))
    mortal.start()
    assert published(mortal, identity) == port
