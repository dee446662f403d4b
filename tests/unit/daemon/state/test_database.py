"""The index: writes that are undone alone, a full disk, files that are no database, other schemas."""

import contextlib
import os
import queue
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.daemon.state.database import Database
from pydock.daemon.state.schema import Step
from pydock.errors import System
from tests import index_copy

FIRST = Step("things", 1, "CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER);")
SECOND = Step("things", 2, "ALTER TABLE things ADD COLUMN colour TEXT; UPDATE things SET colour = 'red';")


def insert(database: Database, name: str, size: int = 0) -> None:
    database.write(lambda index: index.execute("INSERT INTO things (name, size) VALUES (?, ?)", (name, size)))


def delete(database: Database, name: str) -> None:
    database.write(lambda index: index.execute("DELETE FROM things WHERE name = ?", (name,)))


def names(database: Database) -> list[str]:
    return database.read(lambda index: [row[0] for row in index.execute("SELECT name FROM things ORDER BY name")])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "pdt", str(tmp_path)], capture_output=True)
    if made.returncode:
        pytest.skip("cannot mount")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(directory: Path) -> None:
    with open(directory / "filler", "ab", 0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass


def test_a_write_that_fails_is_undone_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "db", [FIRST])
    works = [database.submit(lambda index, name=name: index.execute("INSERT INTO things VALUES (?, 0)", (name,)))  # type: ignore[misc]
             for name in ("a", "b", "a", "c")]  # fmt: skip
    assert [bool(work.exception()) for work in works] == [False, False, True, False]
    assert names(database) == ["a", "b", "c"]
    database.close()
    with pytest.raises(System, match="closed"):
        insert(database, "d")


def syncs(monkeypatch: pytest.MonkeyPatch) -> "queue.Queue[int]":
    told: queue.Queue[int] = queue.Queue()
    monkeypatch.setattr(os, "fdatasync", told.put)
    return told


def test_what_need_not_be_durable_is_there_at_once_and_synced_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = syncs(monkeypatch)
    database = Database(tmp_path / "db", [FIRST])
    database.submit(lambda index: index.execute("INSERT INTO things VALUES ('a', 0)"), durable=False).result()
    with index_copy.opened(tmp_path / "db") as other:
        assert other.execute("SELECT name FROM things").fetchall() == [("a",)]
    assert told.get(timeout=30)
    database.close()


def test_what_need_not_be_durable_is_synced_soon_however_much_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = syncs(monkeypatch)
    database = Database(tmp_path / "db", [FIRST])
    deadline = time.monotonic() + 60
    number = 0
    while told.empty():
        assert time.monotonic() < deadline
        row = f"INSERT INTO things VALUES ('{number}', 0)"
        database.submit(lambda index, row=row: index.execute(row), durable=False).result()  # type: ignore[misc]
        number += 1
    assert number > 1
    database.close()


def test_a_durable_write_takes_what_came_before_it_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = syncs(monkeypatch)
    monkeypatch.setattr("pydock.daemon.state.database._MOMENT", 60)
    database = Database(tmp_path / "db", [FIRST])
    database.submit(lambda index: index.execute("INSERT INTO things VALUES ('a', 0)"), durable=False)
    insert(database, "b")
    assert database._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert database._unsynced is None
    assert names(database) == ["a", "b"]
    database.close()
    assert told.empty()


def test_a_full_disk_still_takes_what_clears_it(small: Path) -> None:
    database = Database(small / "db", [FIRST])
    for number in range(200):
        insert(database, f"{number:03}" + "x" * 3000)
    for _ in range(2):
        fill(small)
        for name in names(database)[:100]:
            delete(database, name)
        (small / "filler").unlink()
        insert(database, "after")  # takes the room again
        assert (small / "db.reserve").stat().st_size == 1 << 20
        database.write(lambda index: index.execute("DELETE FROM things WHERE name = 'after'"))
    assert names(database) == []
    database.close()


def test_an_index_on_a_full_disk_can_be_opened(small: Path) -> None:
    database = Database(small / "db", [FIRST])
    insert(database, "one")
    database.close()
    fill(small)
    database = Database(small / "db", [FIRST, SECOND])
    assert names(database) == ["one"]
    database.write(lambda index: index.execute("DELETE FROM things"))
    database.close()


def test_what_was_kept_for_clearing_a_full_disk_serves_that_though_others_take_the_rest(small: Path) -> None:
    killed = Database(small / "db", [FIRST])
    for number in range(100):
        insert(killed, f"{number:03}" + "x" * 3000)
    (small / "after").mkdir()
    for name in ("db", "db-wal", "db.reserve"):
        shutil.copy(small / name, small / "after")
    killed.close()
    fill(small)
    database = Database(small / "after/db", [FIRST])
    fill(small)
    for name in names(database):
        delete(database, name)
    database.close()


def test_an_index_can_be_opened_again_though_others_have_filled_the_disk(small: Path) -> None:
    database = Database(small / "db", [FIRST])
    for number in range(100):
        insert(database, f"{number:03}" + "x" * 3000)
    fill(small)
    while (small / "db.reserve").exists():
        database.write(lambda index: index.execute("UPDATE things SET size = size + 1"))
    for _ in range(2):
        delete(database, names(database)[0])
        database.close()
        fill(small)
        database = Database(small / "db", [FIRST])
        fill(small)
    for name in names(database):
        delete(database, name)
    database.close()


def test_a_full_disk_is_told(small: Path) -> None:
    database = Database(small / "db", [FIRST])
    fill(small)
    with pytest.raises(System, match="no space left on device"):
        for number in range(5000):
            insert(database, f"{number}" + "x" * 3000)
    database.close()


@pytest.mark.parametrize("damage", ["no database", "cut off", "holes"])
def test_a_damaged_index_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "db"
    database = Database(path, [FIRST])
    for number in range(300):
        insert(database, f"{number}" + "x" * 300)
    database.close()
    whole = path.read_bytes()
    path.write_bytes(
        {"no database": b"x" * 4096, "cut off": whole[:8192], "holes": whole[:4096] + b"\x55" * 90_000}[damage]
    )
    with (
        pytest.raises(System, match=f"the index {path} cannot be read"),
        contextlib.closing(Database(path, [FIRST])) as database,
    ):
        names(database)


def test_a_schema_of_a_newer_engine_is_refused_and_an_older_one_is_taken_on(tmp_path: Path) -> None:
    database = Database(tmp_path / "db", [FIRST])
    insert(database, "one")
    database.close()
    database = Database(tmp_path / "db", [FIRST, SECOND])
    assert database.read(lambda index: [tuple(row) for row in index.execute("SELECT * FROM things")]) == [
        ("one", 0, "red")
    ]
    database.close()
    with pytest.raises(System, match="newer version of the engine"):
        Database(tmp_path / "db", [FIRST])


def test_a_step_that_fails_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    Database(tmp_path / "db", [FIRST]).close()
    wrong = Step("things", 2, "ALTER TABLE things ADD COLUMN colour TEXT; INSERT INTO nothing VALUES (1);")
    with pytest.raises(System):
        Database(tmp_path / "db", [FIRST, wrong])
    database = Database(tmp_path / "db", [FIRST, SECOND])
    assert names(database) == []
    database.close()


def test_no_memory_is_shared_by_a_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "db", [FIRST])
    insert(database, "one")
    assert names(database) == ["one"]
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    assert sorted(os.listdir(tmp_path)) == ["db", "db-wal", "db.reserve"]
    database.close()
