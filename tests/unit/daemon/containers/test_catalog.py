"""Containers by name, ID and the start of one; what is kept and what is not."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pydock.daemon.containers import persistence
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.record import Container, MountPoint, State, Status
from pydock.daemon.networks.settings import EndpointSettings
from pydock.daemon.state import containers as table
from pydock.daemon.state.database import Database
from pydock.errors import Conflict, InvalidParameter, NotFound, System
from tests.unit.daemon.containers.made_containers import container

A, AB, B = "a" * 64, "ab" + "0" * 62, "b" * 64


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    kept = Database(tmp_path / "db", table.STEPS)
    yield kept
    kept.close()


def catalog(database: Database) -> Catalog:
    made = Catalog(database, Path("/data/containers"))
    made.load()
    return made


async def filled(database: Database) -> Catalog:
    made = catalog(database)
    for id, name in ((A, "one"), (AB, "two"), (B, "three")):
        await made.add(container(id=id, name=name))
    return made


def test_found_by_everything(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        for reference in (A, "one", "/one", "aa"):
            assert made.find(reference).id == A
        assert made.find("ab").id == AB
        with pytest.raises(InvalidParameter, match="multiple IDs found with provided prefix: a"):
            made.find("a")
        with pytest.raises(NotFound, match="No such container: c"):
            made.find("c")
        with pytest.raises(InvalidParameter):
            made.find("")

    asyncio.run(main())


def test_a_name_wins_over_the_start_of_an_id(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        await made.add(container(id="c" * 64, name="bb"))
        assert made.find("bb").id == "c" * 64

    asyncio.run(main())


def test_kept_over_a_restart(database: Database) -> None:
    record = container(
        {"Cmd": ["x", "y"], "Labels": {"ä": "ö"}},
        mounts=(MountPoint("volume", "/x", "/v", name="v", options={"Subpath": "a"}),),
        state=State(status=Status.EXITED, exit_code=3, started_at=5),
        endpoints={"net": EndpointSettings(aliases=("a",), dns_names=None, driver_opts={"a": "b"})},
        sandbox={"id": "s", "ports": {"80/tcp": [["0.0.0.0", "80"]]}},
        Memory=5,
    )

    async def main() -> None:
        await catalog(database).add(record)
        assert catalog(database).find(record.id).record == record

    asyncio.run(main())


def test_one_winner_for_a_name(database: Database) -> None:
    async def main() -> None:
        made = catalog(database)
        records = [container(id=f"{number:064x}", name="same") for number in range(5)]
        results = await asyncio.gather(*map(made.add, records), return_exceptions=True)
        losers = [result for result in results if isinstance(result, Conflict)]
        assert len(losers) == 4
        words = f'Conflict. The container name "/same" is already in use by container "{made.find("same").id}".'
        assert losers[0].message.startswith(words)

    asyncio.run(main())


def test_renamed(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        one = made.find("one")
        await made.save(one, replace(one.record, name="new"))
        assert made.find("new") is one
        assert made.is_free("one")
        with pytest.raises(Conflict):
            await made.save(one, replace(one.record, name="two"))
        assert one.record.name == "new"
        assert made.find("two").id == AB

    asyncio.run(main())


def test_what_fails_with_its_transaction_leaves_nothing(database: Database) -> None:
    def refuse(connection: sqlite3.Connection) -> None:
        raise Conflict("no")

    async def main() -> None:
        made = catalog(database)
        with pytest.raises(Conflict, match="no"):
            await made.add(container(), refuse)
        assert made.is_free("box")
        assert made.all() == []
        assert catalog(database).all() == []

    asyncio.run(main())


def test_removed(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        await made.remove(made.find("two"))
        assert made.is_free("two")
        assert made.find("a").id == A
        assert sorted(entry.id for entry in catalog(database).all()) == [A, B]

    asyncio.run(main())


def test_what_is_removed_while_somebody_waits_for_it_gets_no_name_any_more(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        entry = made.find("one")
        await made.remove(entry)
        with pytest.raises(NotFound, match=f"No such container: {A}"):
            await made.save(entry, replace(entry.record, name="other"))
        await made.add(container(id="c" * 64, name="other"))
        await made.add(container(id="d" * 64, name="one"))

    asyncio.run(main())


def test_noted_at_once_and_written_soon(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        one = made.find("one")
        made.note(one, replace(one.record, state=State(status=Status.RUNNING, pid=5)))
        assert one.record.state.pid == 5

    asyncio.run(main())
    database.write(lambda connection: None)
    assert catalog(database).find("one").record.state.pid == 5


def test_a_caller_that_gives_up_does_not_part_memory_from_disk(database: Database) -> None:
    async def main() -> None:
        made = catalog(database)
        adding = asyncio.create_task(made.add(container()))
        await asyncio.sleep(0)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        await asyncio.to_thread(database.write, lambda connection: None)
        await asyncio.sleep(0.01)
        assert made.find("box").id == catalog(database).find("box").id

    asyncio.run(main())


def test_the_text_of_a_record_has_no_place(tmp_path: Path) -> None:
    record: Container = container()
    moved = persistence.decode(persistence.encode(record).encode(), record.name, tmp_path / record.id)
    assert moved == replace(record, directory=tmp_path / record.id)


def test_a_record_that_cannot_be_read_hides_itself_only(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await filled(database)
        broken = "UPDATE containers SET record = ? WHERE id = ?"
        for text in ("{", "[]", "{}", '{"state": {"status": "?"}}'):
            database.write(lambda connection, text=text: connection.execute(broken, (text, AB)))  # type: ignore[misc]
            made = catalog(database)
            assert {entry.id for entry in made.all()} == {A, B}
            assert made.unreadable == {AB}
            assert f"container {AB} (two): its record cannot be read" in caplog.text
            with pytest.raises(NotFound):
                made.find("two")
            with pytest.raises(Conflict):
                made.reserve("two", "c" * 64)

    asyncio.run(main())


def test_what_has_happened_is_so_though_it_cannot_be_written(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        made = await filled(database)
        entry = made.find(A)
        database.close()
        ended = replace(entry.record, state=State(Status.EXITED))
        with pytest.raises(System):
            await made.save(entry, ended)
        assert entry.record != ended
        await made.settle(entry, ended)
        assert entry.record == ended
        assert "what became of it cannot be written down" in caplog.text

    asyncio.run(main())


def test_health_is_shown_as_it_was_kept(database: Database) -> None:
    async def main() -> None:
        made = await filled(database)
        entry = made.find(A)
        await made.save(entry, replace(entry.record, health={"Status": "unhealthy", "Log": []}))
        assert catalog(database).find(A).health == {"Status": "unhealthy", "Log": []}

    asyncio.run(main())
