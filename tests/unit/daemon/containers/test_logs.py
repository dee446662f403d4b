"""How a log is put on the wire, and followed."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.logs import LogRequest, Logs, LogStream, encode_lines, encode_payloads
from pydock.runtime.logs.entry import Entry as Line
from tests.unit.daemon.containers.made_containers import container

BOTH = {"stdout", "stderr"}
LINES = [
    Line(1_000_000_005, "stdout", b"one\n", {"b": "2 3", "a": "1"}),
    Line(1_000_000_006, "stdout", b"two\n"),
    Line(2_500_000_000, "stderr", b"three\n"),
]


def test_each_line_has_a_frame_of_its_own() -> None:
    one, two = b"\1\0\0\0\0\0\0\x04one\n", b"\1\0\0\0\0\0\0\x04two\n"
    three = b"\2\0\0\0\0\0\0\x06three\n"
    assert encode_lines(LINES, BOTH, tty=False, timestamps=False, details=False) == one + two + three
    assert encode_payloads([("stdout", b"one\ntwo\n"), ("stderr", b"three\n")], BOTH, tty=False) == one + two + three


def test_what_has_no_end_of_line_and_what_is_empty() -> None:
    assert encode_payloads([("stdout", b"\nrest"), ("stderr", b"")], BOTH, tty=False) == (
        b"\1\0\0\0\0\0\0\x01\n\1\0\0\0\0\0\0\x04rest"
    )


def test_times_and_attributes_stand_before_each_line() -> None:
    assert encode_lines(LINES, {"stdout"}, tty=True, timestamps=True, details=True) == (
        b"1970-01-01T00:00:01.000000005Z a=1,b=2+3 one\n1970-01-01T00:00:01.000000006Z  two\n"
    )


def test_only_the_wanted_streams_are_told() -> None:
    payloads = [("stdout", b"out"), ("stderr", b"err")]
    assert encode_payloads(payloads, {"stderr"}, tty=False) == b"\2\0\0\0\0\0\0\x03err"
    assert encode_payloads(payloads, {"stdout"}, tty=True) == b"out"


class Growing:
    """A log that has nothing at first."""

    ended = False

    def __init__(self) -> None:
        self._pieces = [b"", b"late"]

    def next(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        self.ended = True
        return b""

    def close(self) -> None:
        """Nothing is open."""


def test_a_log_that_cannot_be_watched_is_looked_at_again() -> None:
    async def main() -> list[bytes]:
        live: Any = SimpleNamespace(ended=asyncio.get_running_loop().create_future())
        source: Any = Growing()
        async with asyncio.timeout(20):
            return [piece async for piece in LogStream(source, live, asyncio.Event(), None, 0)]

    assert asyncio.run(main()) == [b"late"]


def test_a_container_forgets_who_followed_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may live on for long."""
    monkeypatch.setattr("pydock.daemon.containers.logs.open_reader", Mock())
    live = Mock()

    async def main() -> None:
        entry = Entry(container(), live=live)
        stream = await Logs().open(entry, LogRequest(stdout=True, stderr=True, follow=True))
        await stream.close()

    asyncio.run(main())
    added, removed = live.ended.add_done_callback.call_args_list, live.ended.remove_done_callback.call_args_list
    assert added == removed
    assert len(added) == 1


@pytest.mark.parametrize(("driver", "name"), [("json-file", f"{'a' * 64}-json.log"), ("local", "container.log")])
def test_only_a_log_in_json_has_a_name_that_collectors_take_for_one(driver: str, name: str) -> None:
    assert container(LogConfig={"Type": driver, "Config": {}}).log_path.name == name
