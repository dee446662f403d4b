"""One sync of the disk for many."""

import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from pydock.errors import System
from pydock.imagestore import disk_sync
from pydock.imagestore.disk_sync import DiskSync

_LIMIT = 30


def test_who_asks_while_one_goes_on_shares_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written after a sync began may not be in it."""
    begun, end = threading.Event(), threading.Event()
    synced: list[int] = []

    def slow(descriptor: int) -> None:
        synced.append(descriptor)
        begun.set()
        assert end.wait(_LIMIT)

    monkeypatch.setattr(disk_sync, "syncfs", slow)
    disk = DiskSync(tmp_path)
    first = disk.begin()
    assert begun.wait(_LIMIT)
    others = [disk.begin() for _ in range(5)]
    assert not first.done()
    assert {id(other) for other in others} == {id(others[0])} != {id(first)}
    end.set()
    for future in (first, *others):
        future.result(_LIMIT)
    assert len(synced) == 2
    disk.begin().result(_LIMIT)
    assert len(synced) == 3


def test_a_disk_that_fails_fails_those_that_wait(tmp_path: Path) -> None:
    disk = DiskSync(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        disk.begin().result(_LIMIT)
    (tmp_path / "missing").mkdir()
    disk.begin().result(_LIMIT)


def test_want_of_a_thread_is_told_and_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = DiskSync(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        with pytest.raises(System, match="cannot start a thread"):
            disk.begin()
    disk.begin().result(_LIMIT)
