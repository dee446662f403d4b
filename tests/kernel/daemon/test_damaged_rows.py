"""Rows of the index that are damaged: the daemon starts, says which, keeps them, and goes on with all others."""

import contextlib
import sqlite3
from typing import Any

import pytest

from tests import index_copy
from tests.clients.engines import File, root_tar
from tests.kernel.daemon.daemon_process import Daemon

#: what belongs to the object that is damaged, by table: the row, the columns, what they come to
_DAMAGE: dict[str, tuple[str, dict[str, tuple[Any, ...]]]] = {
    "containers": ("name = 'victim'", {"record": (b"\xff\xfe\x00", "null")}),
    "networks": ("name = 'victim'", {"record": ("[]", b"\xff")}),
    "volumes": ("name = 'victim'", {"labels": ("{",), "options": (b"\xff",), "created": ("x",)}),
    "images": ("id = :image", {"config": (b"{}",), "size": ("x",), "chain_id": ("x",)}),
    "layers": ("chain_id = :layer", {"cache_id": ("",), "parent": ("x",)}),
    "snapshots": ("key = :victim", {"cache_id": ("",), "chain_id": ("x",)}),
    "inits": ("chain_id = :layer", {"cache_id": (b"\xff",)}),
}
_CASES = [
    (table, column, value) for table, (_, cases) in _DAMAGE.items() for column in cases for value in cases[column]
]


def _change(engine: Daemon, statement: str, values: dict[str, Any]) -> None:
    with contextlib.closing(sqlite3.connect(engine.root / "data/pydock.db")) as index, index:
        index.execute("PRAGMA ignore_check_constraints = ON")
        assert index.execute(statement, values).rowcount == 1


def _value(engine: Daemon, statement: str, values: dict[str, Any]) -> Any:
    with index_copy.opened(engine.root / "data/pydock.db") as index:
        ((value,),) = index.execute(statement, values)
    return value


def _runs(engine: Daemon, *args: str, **options: Any) -> None:
    identity = engine.run(*args, **options)
    assert engine.wait(identity) == 0
    engine.ok("DELETE", f"/containers/{identity}")


def _others(engine: Daemon, bystander: str) -> None:
    """What has to do with nothing damaged is as it was."""
    assert engine.status(bystander) == "running"
    assert engine.execute(bystander, "cat", "/data/kept") == (0, b"kept\n")
    assert engine.get("/networks/other")["Labels"] == {"a": "b"}
    _runs(engine, "true", host={"NetworkMode": "bridge"})
    for path in ("/containers/json?all=1", "/images/json?all=1", "/networks", "/volumes", "/system/df", "/info"):
        engine.get(path)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Daemon(tmp_path_factory.mktemp("damage"), "r") as engine:
        tree = {"etc/who": File(b"victim")}
        path = "/images/create?fromSrc=-&repo=victim"
        assert engine.call("POST", path, root_tar(tree), "application/x-tar")[0] == 200
        for name in ("victim", "other"):
            engine.ok("POST", "/networks/create", {"Name": name, "Labels": {"a": "b"}})
            engine.ok("POST", "/volumes/create", {"Name": name, "Labels": {"a": "b"}})
        host = {"Binds": ["other:/data"], "NetworkMode": "other"}
        bystander = engine.shell("echo kept > /data/kept; sleep 1000", name="bystander", host=host)
        victim = engine.create("cat", "/etc/who", Image="victim", name="victim", host={"Binds": ["victim:/data"]})
        image = engine.get("/images/victim/json")
        yield engine, bystander, {"victim": victim, "image": image["Id"], "layer": image["RootFS"]["Layers"][0]}


@pytest.mark.parametrize(("table", "column", "damage"), _CASES)
def test_one_damaged_row(scene: Any, table: str, column: str, damage: Any) -> None:
    engine, bystander, names = scene
    row = _DAMAGE[table][0]
    was = _value(engine, f"SELECT {column} FROM {table} WHERE {row}", names)
    said = len(engine.log())
    change = f"UPDATE {table} SET {column} = :value WHERE {row}"
    engine.restart(lambda: _change(engine, change, {**names, "value": damage}))
    told = engine.log()[said:]
    assert "Traceback" not in told
    if table != "inits":  # it is made anew
        assert "cannot be read" in told
    _others(engine, bystander)
    if table in ("containers", "volumes", "networks"):
        assert engine.call("GET", {"containers": "/containers/victim/json"}.get(table, f"/{table}/victim"))[0] == 404
    if table in ("networks", "volumes"):
        assert engine.call("POST", f"/{table}/create", {"Name": "victim"})[0] == 409
    engine.restart(lambda: _change(engine, change, {**names, "value": was}))
    _runs(engine, "cat", "/etc/who", Image="victim")
    engine.ok("POST", "/containers/victim/start")
    assert engine.wait("victim") == 0
    assert engine.logs("victim").endswith(b"victim")
    for path in ("/networks/victim", "/volumes/victim"):
        assert engine.get(path)["Labels"] == {"a": "b"}


@pytest.mark.parametrize("name", ["bridge", "host", "none"])
def test_a_damaged_network_that_must_be_there_is_made_anew(scene: Any, name: str) -> None:
    engine, bystander, _ = scene
    before = engine.get(f"/networks/{name}")["Id"]
    engine.restart(lambda: _change(engine, "UPDATE networks SET record = '{' WHERE name = :name", {"name": name}))
    assert engine.get(f"/networks/{name}")["Id"] == before
    _others(engine, bystander)


def test_an_image_that_comes_again_makes_the_damaged_one_whole(scene: Any) -> None:
    engine, bystander, names = scene
    image = engine.call("GET", "/images/victim/get")[1]
    engine.restart(lambda: _change(engine, "UPDATE images SET config = 'x' WHERE id = :image", names))
    assert engine.call("GET", "/images/victim/json")[0] == 404
    assert engine.call("POST", "/images/load", image, "application/x-tar")[0] == 200
    engine.restart()
    assert engine.get("/images/victim/json")["Id"] == names["image"]
    _others(engine, bystander)
