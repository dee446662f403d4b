"""What an extraction keeps in memory until the end of its archive."""

import os
import tarfile
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.worker import directory_times, extraction, tar_header
from pydock.worker.directory_times import DirectoryTimes
from pydock.worker.extraction import Extraction, Rules


def put(extracted: Extraction, name: str, target: str = "") -> None:
    """Put down a hard link to `target`, or a directory."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = (tarfile.LNKTYPE, target, 0o644) if target else (tarfile.DIRTYPE, "", 0o755)
    info.mtime, info.uid, info.gid = 1_600_000_000, os.getuid(), os.getgid()
    extracted.place(tar_header.parse(info.tobuf(tarfile.GNU_FORMAT)), ())


def test_times_come_back_in_order() -> None:
    times = DirectoryTimes()
    given = [(b"/directory/%d" % (number // 2), (number, -number)) for number in range(20_000)]
    for path, pair in given:
        times.add(path, pair)
    assert list(times) == given


def test_times_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_times, "_MAX", 100_000)
    times = DirectoryTimes()
    with pytest.raises(InvalidParameter, match="too many directories"):
        for _ in range(1000):
            times.add(os.urandom(4000), (0, 0))


def test_directories_have_their_times_in_the_end(tmp_path: Path) -> None:
    extracted = Extraction(Rules(), os.fsencode(tmp_path))
    for name in ("a", "a/b", "a/b/c"):
        put(extracted, name)
    extracted.finish()
    assert {os.stat(tmp_path / name).st_mtime for name in ("a", "a/b", "a/b/c")} == {1_600_000_000}


@pytest.mark.parametrize(("length", "sound"), [(60, True), (70, False)])
def test_a_chain_of_links_each_before_its_target(tmp_path: Path, length: int, sound: bool) -> None:
    """One link of it can be made in a turn: a long chain took hours."""
    (tmp_path / "f0").touch()
    extracted = Extraction(Rules(), os.fsencode(tmp_path))
    for number in range(length, 1, -1):
        put(extracted, f"f{number}", f"f{number - 1}")
    put(extracted, "f1", "f0")
    if sound:
        extracted.finish()
        assert os.stat(tmp_path / "f0").st_nlink == length + 1
    else:
        with pytest.raises(InvalidParameter, match="hard link to f"):
            extracted.finish()


def test_links_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "_MAX_LATE", 1 << 20)
    extracted = Extraction(Rules(), os.fsencode(tmp_path))
    with pytest.raises(InvalidParameter, match="too many hard links"):
        for number in range(1025):
            put(extracted, f"l{number}", "nothing")


@pytest.mark.parametrize("durable", [True, False])
def test_the_disk_begins_with_a_big_file_while_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    """Who waits for all of it in the end then waits for the last part alone."""
    parts: list[tuple[int, int]] = []
    monkeypatch.setattr(extraction, "_WRITE_BACK", 10)
    monkeypatch.setattr(extraction, "start_writing", lambda descriptor, offset, size: parts.append((offset, size)))
    info = tarfile.TarInfo("file")
    info.size, info.uid, info.gid = 29, os.getuid(), os.getgid()
    content = [memoryview(bytes([number]) * 6) for number in range(4)] + [memoryview(b"tail!")]
    extracted = Extraction(Rules(durable=durable), os.fsencode(tmp_path))
    extracted.place(tar_header.parse(info.tobuf(tarfile.GNU_FORMAT)), content)
    assert (tmp_path / "file").read_bytes() == b"".join(content)
    assert parts == ([(0, 12), (12, 12)] if durable else [])
