"""The variables that legacy links bring."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.links import environment, follow, names_of, unlink
from pydock.daemon.containers.record import Container, State, Status
from pydock.daemon.networks.settings import EndpointSettings
from pydock.daemon.state import containers as table
from pydock.daemon.state.database import Database
from pydock.errors import NotFound, System
from tests.unit.daemon.containers.made_containers import container

CHILD = container(
    {"Env": ["A=1", "PATH=/x", "HOME=/", "BARE"], "ExposedPorts": {"81/tcp": {}, "80/tcp": {}, "80/udp": {}}},
    id="c" * 64,
    name="child",
    state=State(status=Status.RUNNING),
    endpoints={"bridge": EndpointSettings(ip_address="10.0.0.2")},
)


def linked(child: Container | None, tmp_path: Path, link: str = "child:my-db") -> list[str]:
    async def main() -> list[str]:
        catalog = Catalog(database, Path("/data/containers"))
        catalog.load()
        if child:
            await catalog.add(child)
        return environment(container(id="p" * 64, name="parent", Links=[link]), catalog)

    database = Database(tmp_path / "db", table.STEPS)
    try:
        return asyncio.run(main())
    finally:
        database.close()


def test_ports_name_and_environment(tmp_path: Path) -> None:
    assert sorted(linked(CHILD, tmp_path)) == sorted(
        [
            "MY_DB_PORT=tcp://10.0.0.2:80",
            "MY_DB_PORT_80_TCP=tcp://10.0.0.2:80",
            "MY_DB_PORT_80_TCP_ADDR=10.0.0.2",
            "MY_DB_PORT_80_TCP_PORT=80",
            "MY_DB_PORT_80_TCP_PROTO=tcp",
            "MY_DB_PORT_80_TCP_START=tcp://10.0.0.2:80",
            "MY_DB_PORT_80_TCP_PORT_START=80",
            "MY_DB_PORT_80_TCP_END=tcp://10.0.0.2:81",
            "MY_DB_PORT_80_TCP_PORT_END=81",
            "MY_DB_PORT_81_TCP=tcp://10.0.0.2:81",
            "MY_DB_PORT_81_TCP_ADDR=10.0.0.2",
            "MY_DB_PORT_81_TCP_PORT=81",
            "MY_DB_PORT_81_TCP_PROTO=tcp",
            "MY_DB_PORT_80_UDP=udp://10.0.0.2:80",
            "MY_DB_PORT_80_UDP_ADDR=10.0.0.2",
            "MY_DB_PORT_80_UDP_PORT=80",
            "MY_DB_PORT_80_UDP_PROTO=udp",
            "MY_DB_NAME=/parent/my-db",
            "MY_DB_ENV_A=1",
        ]
    )


def test_a_port_without_a_protocol_is_one_of_tcp(tmp_path: Path) -> None:
    child = replace(CHILD, config={**CHILD.config, "ExposedPorts": {"80": {}}})
    assert "MY_DB_PORT_80_TCP=tcp://10.0.0.2:80" in linked(child, tmp_path)


def test_one_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(System, match="Cannot link to a non running container: /child AS /parent/my-db"):
        linked(replace(CHILD, state=State(status=Status.EXITED)), tmp_path)


def test_one_that_is_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(System, match=r"container c{64} not attached to default bridge network"):
        linked(replace(CHILD, endpoints={}), tmp_path)


def test_one_that_is_gone(tmp_path: Path) -> None:
    assert linked(None, tmp_path) == []


PARENT = container(id="p" * 64, name="parent", Links=["child:db", "child:other"])


def test_links_are_names_that_go_and_follow(tmp_path: Path) -> None:
    async def main() -> list[object]:
        catalog = Catalog(database, Path("/data/containers"))
        catalog.load()
        child, parent = await catalog.add(CHILD), await catalog.add(PARENT)
        seen: list[object] = [catalog.find("parent/db") is child, names_of(catalog.all())]
        await catalog.save(child, replace(child.record, name="new"))
        await follow(catalog, "child", "new")
        await unlink(catalog, "/parent/other")
        with pytest.raises(NotFound):
            await unlink(catalog, "parent/other")
        with pytest.raises(System, match="default link name"):
            await unlink(catalog, "parent")
        return [*seen, catalog.find("parent/db") is child, parent.record.host_config["Links"]]

    database = Database(tmp_path / "db", table.STEPS)
    try:
        names = {"child": ["parent/db", "parent/other"]}
        assert asyncio.run(main()) == [True, names, True, ["new:db"]]
    finally:
        database.close()
