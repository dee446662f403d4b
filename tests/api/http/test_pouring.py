"""Bodies poured into pipes: whole however they are framed and cut; ends of clients and readers are told."""

import errno
import os
import socket
import time
from unittest.mock import Mock

import pytest

from pydock.daemon.http.pouring import Pouring
from tests.api.http.bench import Bench

CONTENT = os.urandom(3 << 20)
SIZED = b"POST /poured HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST /poured HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def chunks(content: bytes, size: int) -> bytes:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [997, 16 << 10, 1 << 20])
def test_a_body_in_chunks_comes_whole_and_another_request_follows(bench: Bench, size: int) -> None:
    client = bench.client()
    client.send(CHUNKED + chunks(CONTENT, size) + PING)
    assert client.answer()[1] == CONTENT
    assert client.answer()[1] == b"OK"


def test_a_body_of_known_length_comes_whole_and_another_request_follows(bench: Bench) -> None:
    client = bench.client()
    client.send(SIZED % len(CONTENT) + CONTENT)
    assert client.answer()[1] == CONTENT
    client.send(PING)
    assert client.answer()[1] == b"OK"


def test_a_body_that_comes_slowly_is_waited_for(bench: Bench) -> None:
    client = bench.client()
    client.send(SIZED % 4)
    for byte in (b"a", b"b", b"c", b"d"):
        time.sleep(0.02)
        client.send(byte)
    assert client.answer()[1] == b"abcd"


def test_the_client_is_told_to_go_on(bench: Bench) -> None:
    client = bench.client()
    client.send(b"POST /poured HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    client.send(b"ok")
    assert client.answer()[1] == b"ok"


def test_a_body_that_is_none_is_refused(bench: Bench) -> None:
    client = bench.client()
    client.send(CHUNKED + b"3\r\nabcde\r\n")
    head, body = client.answer()
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"malformed request body" in body


def test_a_client_that_goes_is_noticed(bench: Bench) -> None:
    client = bench.client()
    client.send(SIZED % 10 + b"abc")
    client.close()
    bench.wait_until_told("poured: ConnectionAbortedError")


def test_where_the_reader_goes_the_rest_can_still_be_taken(bench: Bench) -> None:
    client = bench.client()
    client.send(b"POST /poured-half HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(CONTENT))
    time.sleep(0.05)
    client.send(CONTENT)
    _, body = client.answer()
    assert 0 <= int(body) < len(CONTENT) + 1
    client.send(PING)
    assert client.answer()[1] == b"OK"


def test_the_daemons_end_stops_it(bench: Bench) -> None:
    client = bench.client()
    client.send(SIZED % 10 + b"abc")
    time.sleep(0.05)
    bench.stop()
    bench.wait_until_told("poured: CancelledError")
    client.close()


def test_where_it_cannot_begin_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (one, other), (reading, writing) = socket.socketpair(), os.pipe()
    with one, other, monkeypatch.context() as patch, open(reading, "rb") as reader:
        patch.setattr(os, "eventfd", Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))
        with pytest.raises(OSError, match="Too many"):
            Pouring(one.fileno(), Mock(), writing)
        os.close(writing)
        assert reader.read() == b""
