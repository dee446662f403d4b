"""Trees brought to the disk: all of a small one, whatever is in it; a large one is left to syncfs."""

import os
from pathlib import Path

import pytest

from pydock.worker import syncing


def few(path: Path) -> bool:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return syncing.few(directory)
    finally:
        os.close(directory)


def test_files_and_directories_are_synced_and_nothing_else_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    os.mkfifo(tmp_path / "a" / "pipe")
    (tmp_path / "link").symlink_to("/nowhere")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    assert few(tmp_path)
    assert sorted(synced) == [str(tmp_path / name) for name in ("", "a", "a/b", "a/b/file")]


@pytest.mark.parametrize(("files", "done"), [(syncing.FEW, True), (syncing.FEW + 1, False)])
def test_many_files_are_left(tmp_path: Path, files: int, done: bool) -> None:
    for number in range(files):
        (tmp_path / str(number)).touch()
    assert few(tmp_path) is done


def test_a_deep_tree_is_left(tmp_path: Path) -> None:
    tmp_path.joinpath(*["d"] * (syncing.FEW + 1)).mkdir(parents=True)
    assert not few(tmp_path)
