"""A file that must survive is replaced whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pydock import durable


def test_the_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    durable.write(path, b"new", mode=0o640)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), durable.replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_content_is_on_disk_before_it_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real_sync, real_rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        calls.append("sync")
        real_sync(descriptor)

    def rename(source: Path, target: Path) -> None:
        calls.append("rename")
        real_rename(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    durable.write(tmp_path / "file", b"x")
    assert calls == ["sync", "rename", "sync"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"kept")
    link = tmp_path / "link"
    link.symlink_to(outside)
    durable.write(link, b"new")
    assert outside.read_bytes() == b"kept"
    assert not link.is_symlink()


@pytest.mark.parametrize("damage", [os.mkfifo, lambda path: (path / "full").mkdir(parents=True), None])
def test_what_is_no_file_makes_room_for_one(damage: Callable[[Path], object] | None, tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"not ours")
    if damage:
        damage(path)
    else:
        path.symlink_to(elsewhere)
    durable.make_room(path)
    assert os.listdir(tmp_path) == ["elsewhere"]
    path.write_bytes(b"kept")
    durable.make_room(path)
    assert (path.read_bytes(), elsewhere.read_bytes()) == (b"kept", b"not ours")
