"""Entries of the journal, in its native protocol."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.errors import Unsupported
from pydock.runtime.logs import journald
from pydock.runtime.logs.lines import LONGEST
from pydock.runtime.logs.writer import open_log
from pydock.runtime.messages import Log


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(journald, "SOCKET", str(tmp_path / "journal"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "journal"))
        sock.settimeout(10)
        yield sock


def fields(data: bytes) -> dict[str, bytes]:
    """The fields of a datagram."""
    found = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        found[name.decode()] = value
        data = rest
    return found


def test_an_entry_has_dockers_fields(journal: socket.socket) -> None:
    log = Log(
        "journald",
        attributes={"com.example/label": "multi\nline", "_x": "y"},
        tag="tagged",
        container_id="0123456789abcdef",
        container_name="name",
        image_name="image",
    )
    out = open_log(log)
    out.write("stdout", b"a=b\n")
    out.write("stderr", b"bad\n")
    out.finish()
    first, second = fields(journal.recv(10_000)), fields(journal.recv(10_000))
    assert len(first.pop("CONTAINER_LOG_EPOCH")) == 64
    assert first.pop("SYSLOG_TIMESTAMP").endswith(b"Z")
    assert first == {
        "MESSAGE": b"a=b",
        "PRIORITY": b"6",
        "CONTAINER_ID": b"0123456789ab",
        "CONTAINER_ID_FULL": b"0123456789abcdef",
        "CONTAINER_NAME": b"name",
        "CONTAINER_TAG": b"tagged",
        "IMAGE_NAME": b"image",
        "SYSLOG_IDENTIFIER": b"tagged",
        "COM_EXAMPLE_LABEL": b"multi\nline",
        "X": b"y",
        "CONTAINER_LOG_ORDINAL": b"1",
    }
    assert (second["MESSAGE"], second["PRIORITY"], second["CONTAINER_LOG_ORDINAL"]) == (b"bad", b"3", b"2")


def test_parts_of_a_long_line_are_marked(journal: socket.socket) -> None:
    out = open_log(Log("journald"))
    out.write("stdout", b"x" * (2 * LONGEST + 1) + b"\nnext\n")
    out.finish()
    entries = [fields(journal.recv(100_000)) for _ in range(4)]
    assert [entry.get("CONTAINER_PARTIAL_MESSAGE") for entry in entries] == [b"true", b"true", None, None]
    assert [entry.get("CONTAINER_PARTIAL_ORDINAL") for entry in entries] == [b"1", b"2", b"3", None]
    assert [entry.get("CONTAINER_PARTIAL_LAST") for entry in entries] == [b"false", b"false", b"true", None]
    assert len({entry.get("CONTAINER_PARTIAL_ID") for entry in entries[:3]}) == 1


def test_without_a_journal_the_driver_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journald, "SOCKET", "/no/such/socket")
    with pytest.raises(Unsupported, match="journald is not enabled on this host"):
        open_log(Log("journald"))
