"""Messages to a syslog server, and what happens when it is slow or gone."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime.logs import syslog
from pydock.runtime.logs.entry import Entry
from pydock.runtime.logs.reader import open_reader
from pydock.runtime.logs.rotation import at_once
from pydock.runtime.logs.writer import LazyLog, Writer, open_log
from pydock.runtime.messages import Log


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "dgram"))
        sock.settimeout(10)
        yield sock


def log(path: Path, **options: str) -> Log:
    given = {"syslog-address": f"unixgram://{path}/dgram", **options}
    return Log("syslog", options={name.replace("_", "-"): value for name, value in given.items()}, tag="mytag")


def test_each_line_is_a_message_with_priority_and_tag(server: socket.socket, tmp_path: Path) -> None:
    out = open_log(log(tmp_path))
    out.write("stdout", b"one\n\ntwo\npart")
    out.write("stderr", b"bad\n")
    out.finish()
    messages = [server.recv(1000) for _ in range(4)]
    assert re.fullmatch(rb"<30>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d mytag\[\d+\]: one\n", messages[0])
    assert messages[1].startswith(b"<30>")
    assert messages[1].endswith(b": two\n")
    assert messages[2].startswith(b"<27>")
    assert messages[3].endswith(b": part\n")


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("rfc3164", r"<134>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d HOST mytag\[\d+\]: x\n"),
        ("rfc5424", r"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) HOST mytag \d+ mytag - x\n"),
        ("rfc5424micro", r"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d) HOST mytag \d+ mytag - x\n"),
    ],
)
def test_the_formats_are_dockers(server: socket.socket, tmp_path: Path, form: str, pattern: str) -> None:
    out = open_log(log(tmp_path, syslog_format=form, syslog_facility="local0"))
    out.write("stdout", b"x\n")
    out.finish()
    assert re.fullmatch(pattern.replace("HOST", re.escape(socket.gethostname())), server.recv(1000).decode())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"syslog-address": "http://x"}, "unsupported scheme: 'http'"),
        ({"syslog-address": "unix:///no/such"}, "stat /no/such: no such file or directory"),
        ({"syslog-address": "udp://x:port"}, 'parse "udp://x:port"'),
        ({"syslog-facility": "nobody"}, "invalid syslog facility"),
        ({"syslog-facility": "24"}, "invalid syslog facility"),
        ({"syslog-format": "odd"}, "Invalid syslog format"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        syslog.check(options)
    assert error.value.message.startswith(message)


def test_a_port_is_514_unless_it_is_given() -> None:
    assert syslog.address("udp://192.0.2.1") == ("udp", "192.0.2.1", 514)
    assert syslog.address("tcp://[2001:db8::1]:99") == ("tcp", "2001:db8::1", 99)
    assert syslog.facility("5") == 5


def test_a_server_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        open_log(Log("syslog", options={"syslog-address": "tcp://127.0.0.1:1"}))


def test_a_copy_is_kept_for_readers(server: socket.socket, tmp_path: Path) -> None:
    kept = Log("syslog", options=log(tmp_path).options, cache=str(tmp_path / "cache"))
    out = open_log(kept)
    out.write("stderr", b"line\nrest")
    assert out.unfinished() == {"stderr": b"rest"}
    out.finish()
    with open_reader(kept) as reader:
        entries = [entry for batch in reader.entries() for entry in batch]
    assert [(entry.stream, entry.line) for entry in entries] == [("stderr", b"line\n"), ("stderr", b"rest")]
    assert all(isinstance(entry, Entry) for entry in entries)


def stream_log(server: socket.socket, **options: str) -> Log:
    return Log("syslog", options={"syslog-address": f"tcp://127.0.0.1:{server.getsockname()[1]}", **options}, tag="t")


@pytest.fixture
def stream_server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(10)
        yield sock


def _write_until_full(out: Writer) -> bool:
    out.write("stdout", b"x" * 9999 + b"\n")
    return out.full


def test_a_slow_server_makes_the_container_wait_and_loses_nothing(stream_server: socket.socket) -> None:
    out = open_log(stream_log(stream_server))
    connection, _ = stream_server.accept()
    sent = next(number for number in range(1, 10_000) if _write_until_full(out))
    assert out.fileno() >= 0
    received = b""
    with connection:
        connection.settimeout(10)
        while received.count(b"\n") < sent:
            received += connection.recv(1 << 20)
            out.flush()
    assert (out.full, out.fileno()) == (False, -1)
    out.finish()


def test_in_non_blocking_mode_the_container_never_waits(stream_server: socket.socket) -> None:
    out = open_log(stream_log(stream_server, mode="non-blocking", **{"max-buffer-size": "64k"}))
    connection, _ = stream_server.accept()
    for _ in range(3000):
        out.write("stdout", b"x" * 9999 + b"\n")
        assert not out.full
    connection.close()
    out.finish()


def test_a_lost_connection_is_made_again(stream_server: socket.socket) -> None:
    out = open_log(stream_log(stream_server))
    stream_server.accept()[0].close()
    deadline = time.monotonic() + 10
    connection = None
    stream_server.settimeout(0.1)
    while connection is None and time.monotonic() < deadline:
        out.write("stdout", b"again\n")
        try:
            connection, _ = stream_server.accept()
        except TimeoutError:
            continue
    assert connection is not None
    with connection:
        connection.settimeout(10)
        out.write("stdout", b"last\n")
        out.finish()
        received = b""
        while part := connection.recv(1000):
            received += part
    assert received.endswith(b": last\n")


def test_without_any_server_the_container_goes_on(stream_server: socket.socket) -> None:
    out = open_log(stream_log(stream_server))
    stream_server.accept()[0].close()
    stream_server.close()
    for _ in range(300):
        out.write("stdout", b"x" * 9999 + b"\n")
        assert not out.full
    out.finish()


def test_later_connections_take_no_look_up_and_little_patience(
    stream_server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the shim connects nobody is served."""
    tried: list[tuple[str, float]] = []
    create = socket.create_connection

    def connect(target: tuple[str, int], timeout: float) -> socket.socket:
        tried.append((target[0], timeout))
        return create(target, timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    port = stream_server.getsockname()[1]
    out = open_log(Log("syslog", options={"syslog-address": f"tcp://localhost:{port}"}, tag="t"))
    stream_server.accept()[0].close()
    deadline = time.monotonic() + 10
    while len(tried) < 2 and time.monotonic() < deadline:
        out.write("stdout", b"line\n")
    out.finish()
    assert tried == [("localhost", 10.0), ("127.0.0.1", 0.5)]


def test_a_server_that_went_silent_after_the_start_is_tried_seldom_and_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shim opens the log when the container first says something, and serves nobody meanwhile."""
    now, waited = 0.0, 0.0

    def connect(target: tuple[str, int], timeout: float) -> socket.socket:
        nonlocal now, waited
        now += timeout
        waited += timeout
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("pydock.runtime.logs.outbox.time.monotonic", lambda: now)
    out = LazyLog(Log("syslog", options={"syslog-address": "tcp://127.0.0.1:1"}, tag="t"), at_once)
    for _ in range(1000):
        out.write("stdout", b"line\n")
        now += 0.1
    out.finish()
    assert 0 < waited < now / 10
