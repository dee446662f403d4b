"""Reading logs: all, the last N, between times, what comes meanwhile, across rotation; for both kept formats."""

import dataclasses
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.errors import Unsupported
from pydock.runtime.logs import local, writer
from pydock.runtime.logs.entry import Entry
from pydock.runtime.logs.reader import LogReader, open_reader
from pydock.runtime.messages import Log

SECOND = 1_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every write takes place one second after the one before."""
    ticks = itertools.count(SECOND, SECOND)
    monkeypatch.setattr("time.time_ns", lambda: next(ticks))
    return iter(())


@pytest.fixture(params=["json-file", "local", "rotated json-file", "rotated local", "compressed json-file"])
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: None) -> Log:
    """An empty log; the rotated ones hold some tens of entries a file and keep all their files."""
    how, _, driver = str(request.param).rpartition(" ")
    options = {}
    if how:
        options = {"max-size": "2k", "max-file": "1000", "compress": str(how == "compressed").lower()}
    return Log(driver, str(tmp_path / "log"), options)


def written(log: Log, begin: int, end: int) -> list[bytes]:
    """Write numbered lines, one a second; return them."""
    lines = [b"line %d\n" % number for number in range(begin, end)]
    out = writer.open_log(log)
    for line in lines:
        out.write("stdout", line)
    out.finish()
    return lines


def lines(reader: LogReader) -> list[bytes]:
    return [entry.line for batch in reader.entries() for entry in batch]


def payload(reader: LogReader) -> bytes:
    return b"".join(data for batch in reader.payloads() for _, data in batch)


def _current(log: Log) -> int:
    """How many entries the file that is written to now has."""
    return Path(log.path).read_bytes().count(b"\n")


def test_everything_is_read_in_order(log: Log) -> None:
    wanted = written(log, 0, 500)
    with open_reader(log) as reader:
        entries = [entry for batch in reader.entries() for entry in batch]
    assert entries == [Entry((n + 1) * SECOND, "stdout", line) for n, line in enumerate(wanted)]
    with open_reader(log) as reader:
        assert payload(reader) == b"".join(wanted)


@pytest.mark.parametrize("tail", [0, 1, 2, 37, 499, 500, 10_000])
def test_the_last_entries_are_those(log: Log, tail: int) -> None:
    wanted = written(log, 0, 500)
    with open_reader(log, tail=tail) as reader:
        assert lines(reader) == (wanted[-tail:] if tail else [])


def test_since_and_until_bound_what_is_read(log: Log) -> None:
    wanted = written(log, 0, 500)
    for since, until, expected in [
        (100 * SECOND, 0, wanted[99:]),
        (0, 400 * SECOND, wanted[:400]),
        (100 * SECOND, 400 * SECOND, wanted[99:400]),
        (100 * SECOND + 1, 0, wanted[100:]),
        (1000 * SECOND, 0, []),
        (0, 1, []),
    ]:
        with open_reader(log, since=since, until=until) as reader:
            assert lines(reader) == expected
        with open_reader(log, since=since, until=until) as reader:
            assert payload(reader) == b"".join(expected)
    with open_reader(log, tail=10, since=495 * SECOND) as reader:
        assert lines(reader) == wanted[494:]


def test_what_is_written_meanwhile_is_read_when_asked_again(log: Log) -> None:
    first = written(log, 0, 10)
    with open_reader(log) as reader:
        assert lines(reader) == first
        assert lines(reader) == []
        for begin in range(10, 400, 30):
            wanted = written(log, begin, begin + 30)
            assert lines(reader) == wanted
        assert lines(reader) == []


def test_a_slow_reader_misses_nothing_that_is_still_there(log: Log) -> None:
    wanted = written(log, 0, 100)
    with open_reader(log, tail=0) as reader:
        assert lines(reader) == []
        wanted = written(log, 100, 500)
        assert lines(reader) == wanted


def test_a_reader_until_now_stops_there(log: Log) -> None:
    wanted = written(log, 0, 100)
    with open_reader(log, until_now=True) as reader:
        written(log, 100, 300)
        assert lines(reader) == wanted
        assert lines(reader) == []


def test_the_end_is_told_where_until_is_passed(log: Log) -> None:
    written(log, 0, 20)
    with open_reader(log, until=5 * SECOND) as reader:
        assert len(lines(reader)) == 5
        assert reader.ended


def test_a_log_that_begins_later_is_found(log: Log) -> None:
    with open_reader(log) as reader:
        assert lines(reader) == []
        assert lines(reader) == []
        wanted = written(log, 0, 100)
        assert lines(reader) == wanted
    with open_reader(dataclasses.replace(log, path=log.path + "x"), until_now=True) as reader:
        assert lines(reader) == []


def test_with_one_file_the_reader_goes_on_in_the_new_one(tmp_path: Path, clock: None) -> None:
    log = Log("json-file", str(tmp_path / "log"), {"max-size": "2k"})
    written(log, 0, 10)
    with open_reader(log) as reader:
        assert len(lines(reader)) == 10
        wanted = written(log, 10, 200)
        read = lines(reader)
        kept = _current(log)
        assert kept < len(read) < 190
        assert read == [*wanted[: len(read) - kept], *wanted[190 - kept :]]
        wanted = written(log, 200, 202)
        assert lines(reader) == wanted


def test_files_deleted_before_they_were_read_are_passed_over(tmp_path: Path, clock: None) -> None:
    log = Log("json-file", str(tmp_path / "log"), {"max-size": "1k", "max-file": "3"})
    written(log, 0, 5)
    with open_reader(log) as reader:
        assert len(lines(reader)) == 5
        wanted = written(log, 5, 200)
        read = lines(reader)
        assert 15 < len(read) < 100
        assert read[-15:] == wanted[-15:]
        assert [line for line in wanted if line in read] == read


def test_an_entry_that_is_half_written_waits_for_its_other_half(tmp_path: Path, clock: None) -> None:
    for driver in ("json-file", "local"):
        log = Log(driver, str(tmp_path / driver))
        wanted = written(log, 0, 3)
        whole = Path(log.path).read_bytes()
        Path(log.path).write_bytes(whole[:-7])
        for tail in (None, 2):
            with open_reader(log, tail=tail) as reader:
                assert lines(reader) == (wanted[:2] if tail is None else wanted[:2][-tail:])
                with open(log.path, "ab") as file:
                    file.write(whole[-7:])
                assert lines(reader) == wanted[2:]
            Path(log.path).write_bytes(whole[:-7])


def test_long_entries_are_found_from_behind(tmp_path: Path, clock: None) -> None:
    for driver in ("json-file", "local"):
        log = Log(driver, str(tmp_path / driver))
        out = writer.open_log(log)
        for letter in b"abcdefgh":
            out.write("stdout", b"%c" % letter * 200_000 + b"\n")
        out.finish()
        with open_reader(log, tail=30) as reader:
            assert payload(reader).endswith(b"g" * 100_000 + b"\n" + b"h" * 200_000 + b"\n")


def test_drivers_that_keep_nothing_cannot_be_read() -> None:
    for driver in ("none", "syslog", "journald"):
        with pytest.raises(Unsupported, match="configured logging driver does not support reading"):
            open_reader(Log(driver))


def test_the_cache_of_another_driver_is_read(tmp_path: Path) -> None:
    text = local.Encoder({}).encode("stdout", 1, b"kept\n")
    (tmp_path / "cache").write_bytes(text)
    with open_reader(Log("syslog", cache=str(tmp_path / "cache"))) as reader:
        assert lines(reader) == [b"kept\n"]


def test_a_file_that_is_no_log_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with open_reader(Log("json-file", str(tmp_path / "log"))) as reader:
        assert lines(reader) == []
    (tmp_path / "log").unlink()
    (tmp_path / "log").symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        open_reader(Log("json-file", str(tmp_path / "log")))


def test_no_descriptor_is_left_open(log: Log) -> None:
    before = len(os.listdir("/proc/self/fd"))
    written(log, 0, 300)
    for tail in (None, 5, 250):
        with open_reader(log, tail=tail) as reader:
            lines(reader)
            written(log, 300, 400)
            lines(reader)
    assert len(os.listdir("/proc/self/fd")) == before
