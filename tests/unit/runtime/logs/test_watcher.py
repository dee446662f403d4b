"""Followers are told when there is something new."""

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.runtime.logs.watcher import Watcher


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    yield made
    made.close()


def told(watcher: Watcher) -> bool:
    """Whether there was something to dispatch, which is done."""
    ready = bool(select.select([watcher], [], [], 0.2)[0])
    watcher.dispatch()
    return ready


def test_a_write_and_a_rotation_are_told_once_to_each_follower(watcher: Watcher, tmp_path: Path) -> None:
    seen: list[str] = []
    path = tmp_path / "log"
    for name in ("a", "b"):
        watcher.follow(str(path), lambda name=name: seen.append(name))  # type: ignore[misc]
    path.write_bytes(b"x" * 100)
    assert told(watcher)
    assert seen == ["a", "b"]
    os.rename(path, tmp_path / "log.1")
    path.touch()
    assert told(watcher)
    assert seen == ["a", "b"] * 2
    assert not told(watcher)


def test_one_who_left_is_told_nothing_and_others_are(watcher: Watcher, tmp_path: Path) -> None:
    seen: list[str] = []
    leave = watcher.follow(str(tmp_path / "log"), lambda: seen.append("a"))
    other = watcher.follow(str(tmp_path / "log"), lambda: seen.append("b"))
    leave()
    leave()
    (tmp_path / "log").touch()
    told(watcher)
    assert seen == ["b"]
    other()
    (tmp_path / "log").write_bytes(b"x")
    told(watcher)
    assert seen == ["b"]


def test_the_end_of_the_directory_is_told(watcher: Watcher, tmp_path: Path) -> None:
    seen: list[str] = []
    directory = tmp_path / "container"
    directory.mkdir()
    leave = watcher.follow(str(directory / "log"), lambda: seen.append("gone"))
    directory.rmdir()
    assert told(watcher)
    assert seen == ["gone"]
    leave()


def test_what_is_not_there_cannot_be_followed(watcher: Watcher) -> None:
    with pytest.raises(FileNotFoundError):
        watcher.follow("/no/such/directory/log", lambda: None)


def test_who_might_have_missed_something_is_told(watcher: Watcher, tmp_path: Path) -> None:
    seen: list[str] = []
    for name in ("busy", "quiet"):
        (tmp_path / name).mkdir()
        watcher.follow(str(tmp_path / name / "log"), lambda name=name: seen.append(name))  # type: ignore[misc]
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with open(tmp_path / "busy/a", "wb", 0) as first, open(tmp_path / "busy/b", "wb", 0) as second:
        for _ in range(limit // 2 + 1):
            first.write(b"x")
            second.write(b"x")
    (tmp_path / "quiet/log").touch()
    while told(watcher):
        pass
    assert "quiet" in seen
