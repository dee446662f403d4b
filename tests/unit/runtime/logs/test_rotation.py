"""Files that are renamed, compressed and deleted as they fill."""

import errno
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pydock.runtime.logs import jsonfile, rotation
from pydock.runtime.logs.rotation import RotatingFile

ENTRY = b"0123456789abcde\n"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_without_a_size_the_file_only_grows(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut)
    file.write(ENTRY * 1000, 1)
    file.close()
    again = RotatingFile(str(tmp_path / "log"), jsonfile.cut)
    again.write(ENTRY, 2)
    again.close()
    assert (tmp_path / "log").read_bytes() == ENTRY * 1001
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o640


def test_a_full_file_is_renamed_and_the_oldest_deleted(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=40, max_files=3)
    file.write(b"".join(b"%015d\n" % number for number in range(12)), 1)
    file.close()
    assert names(tmp_path) == ["log", "log.1", "log.2"]
    read = [(tmp_path / name).read_bytes() for name in ("log.2", "log.1", "log")]
    # full at 40 bytes: the third entry of 16 still goes in
    assert read == [b"".join(b"%015d\n" % number for number in range(begin, begin + 3)) for begin in (3, 6, 9)]


def test_one_file_alone_starts_again_when_it_is_full(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=32)
    file.write(ENTRY * 3, 1)
    file.close()
    assert names(tmp_path) == ["log"]
    assert (tmp_path / "log").read_bytes() == ENTRY


def test_a_file_that_was_full_when_it_was_left_is_renamed_at_the_next_entry(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(ENTRY * 4)
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=32, max_files=2)
    assert names(tmp_path) == ["log"]
    file.write(ENTRY, 1)
    file.close()
    assert (tmp_path / "log.1").read_bytes() == ENTRY * 4


def test_renamed_files_are_compressed_with_the_last_time_in_the_header(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=16, max_files=3, compress=True)
    for number in range(4):
        file.write(b"%015d\n" % number, 1_000_000_000 * number)
    file.close()
    assert names(tmp_path) == ["log", "log.1.gz", "log.2.gz"]
    assert gzip.decompress((tmp_path / "log.1.gz").read_bytes()) == b"%015d\n" % 2
    assert gzip.decompress((tmp_path / "log.2.gz").read_bytes()) == b"%015d\n" % 1
    with (tmp_path / "log.1.gz").open("rb") as packed:
        assert rotation.extra_field(packed.fileno())["lastTime"] == "1970-01-01T00:00:03Z"


def test_the_next_renaming_waits_for_the_compression(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    done: list[str] = []

    def later(work: Callable[[], None]) -> Callable[[], None]:
        waiting.append(work)

        def wait() -> None:
            waiting.pop(0)()
            done.append("compressed")

        return wait

    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=16, max_files=3, compress=True, aside=later)
    file.write(ENTRY * 2, 1)
    assert names(tmp_path) == ["log", "log.1"]
    file.write(ENTRY, 1)
    assert done == ["compressed"]
    assert names(tmp_path) == ["log", "log.1", "log.2.gz"]
    file.close()


def test_a_compression_that_a_crash_cut_short_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(ENTRY * 2)
    (tmp_path / "log.1").write_bytes(b"older\n")
    (tmp_path / "log.1.gz").write_bytes(b"torn")
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=16, max_files=4, compress=True)
    file.write(ENTRY, 1)
    file.close()
    assert (tmp_path / "log.2").read_bytes() == b"older\n"


def test_an_entry_that_does_not_fit_on_the_disk_leaves_no_half(tmp_path: Path) -> None:
    full = tmp_path / "log"
    file = RotatingFile(str(full), jsonfile.cut)
    file.write(ENTRY, 1)
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(ENTRY) + 5, before[1]))
    try:
        with pytest.raises(OSError):
            file.write(ENTRY, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    file.write(ENTRY, 1)
    file.close()
    assert full.read_bytes() == ENTRY * 2


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    os.symlink(tmp_path / "elsewhere", tmp_path / "log")
    with pytest.raises(OSError):
        RotatingFile(str(tmp_path / "log"), jsonfile.cut)
    assert names(tmp_path) == ["log"]


def test_files_stay_where_there_is_no_room_for_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RotatingFile(str(tmp_path / "log"), jsonfile.cut, max_size=16, max_files=3)
    for number in range(5):
        file.write(b"%015d\n" % number, 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 3

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        for _ in range(3):
            with pytest.raises(OSError, match="no space left"):
                file.write(b"lost\n", 1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    file.write(ENTRY, 1)
    file.close()
    assert names(tmp_path) == ["log", "log.1", "log.2"]
    assert (tmp_path / "log").read_bytes() == ENTRY
    assert (tmp_path / "log.1").read_bytes() == before["log"]
