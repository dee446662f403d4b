"""Hostile bytes: what two readers could take for different requests is refused, and nothing grows without end."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.daemon.http.head import LONGEST, BadHead, parse
from tests.api.http.bench import Bench

FOLLOWS = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*fields: bytes, body: bytes = b"") -> bytes:
    """A POST to /echo with these header lines."""
    return b"\r\n".join((b"POST /echo HTTP/1.1", b"Host: x", *fields, b"", body))


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "text",
    [
        post(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"),
        post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"),
        post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"),
        post(b"Content-Length: 3, 4", body=b"abcd"),
        post(b"Content-Length: +3", body=b"abc"),
        post(b"Content-Length: -3", body=b"abc"),
        post(b"Content-Length: 0x3", body=b"abc"),
        post(b"Content-Length: 3 3", body=b"abc"),
        post(b"Content-Length: " + b"9" * 30, body=b"abc"),
        post(b"Content-Length : 3", body=b"abc"),
        post(b"Content-Length:\x0b3", body=b"abc"),
        post(b"X: y\r\n Content-Length: 3", body=b"abc"),
        post(b"X: y\nContent-Length: 3", body=b"abc"),
        post(b"X: y\rContent-Length: 3", body=b"abc"),
        post(b"X: y\0", body=b"abc"),
        post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: identity", body=b"abc"),
        post(b"Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n"),
        post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
        post(b"Host: y", b"Content-Length: 0"),
        b"GET /_ping HTTP/1.1\r\n\r\n",
        b"GET /_ping HTTP/1.1\nHost: x\n\n",
        b"GET  /_ping HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /_ping\tHTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /_ping HTTP/1.1 \r\nHost: x\r\n\r\n",
        b"GET /_ping\r\n\r\n",
        b"G\x01T /_ping HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_ambiguous_heads_are_refused_and_what_follows_is_not_read(bench: Bench, text: bytes) -> None:
    client = bench.client()
    client.send(text + FOLLOWS)
    answer = client.rest()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ", b"HTTP/1.1 505 "))
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1
    assert b'{"message":"' in answer


@pytest.mark.parametrize(
    "body",
    [
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"3_0\r\nabc\r\n0\r\n\r\n",
        b"\r\nabc\r\n0\r\n\r\n",
        b"g\r\nabc\r\n0\r\n\r\n",
        b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n",
        b"10000000000000003\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"3 ;x\r\nabc\r\n0\r\n\r\n",
        b"3;x\nabc\r\n0\r\n\r\n",
        b"3;x\ry\r\nabc\r\n0\r\n\r\n",
        b"3\r\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\n\n",
        b"3\r\nabc\r\n0\r\n\n",
        b"3\r\nabc\r\n0\r\nA: b\n\n",
        b"3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n",
        b"3\r\nabc\r\n0\r\nA : b\r\n\r\n",
        b"3\r\nabc\r\n0\r\nGET /version HTTP/1.1\r\n\r\n",
    ],
)
def test_ill_formed_chunks_end_the_connection(bench: Bench, body: bytes) -> None:
    client = bench.client()
    client.send(post(CHUNKED, body=body) + FOLLOWS)
    answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_cut_off(bench: Bench) -> None:
    for text in (b"X: y\r\n", b"a"):
        client = bench.client()
        client.send(b"GET /_ping HTTP/1.1\r\nHost: x\r\nX: ")
        client.send(text * (LONGEST // len(text) + 1))
        assert client.rest().startswith(b"HTTP/1.1 431 ")


def test_chunk_extensions_and_trailers_without_end_are_cut_off(bench: Bench) -> None:
    for body in (b"3;" + b"x" * (LONGEST + 10), b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * (LONGEST // 4)):
        client = bench.client()
        client.send(post(CHUNKED, body=body))
        assert client.rest().startswith(b"HTTP/1.1 400 ")


def test_a_body_that_ends_early_is_no_body(bench: Bench) -> None:
    for text in (post(b"Content-Length: 10", body=b"abc"), post(CHUNKED, body=b"5\r\nabc")):
        client = bench.client()
        client.send(text)
        client.half_close()
        assert client.rest() == b""


def test_bytes_come_one_by_one(bench: Bench) -> None:
    client = bench.client()
    for byte in post(CHUNKED, body=b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"):
        client.send(bytes([byte]))
    assert client.answer()[1] == b"abcde"


def test_empty_lines_before_a_request_are_passed_over(bench: Bench) -> None:
    client = bench.client()
    for _ in range(2):
        client.send(b"\r\n\r\nGET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.answer()[1] == b"OK"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    for text in (data, b"GET / HTTP/1.1\r\nHost: x\r\n" + data + b"\r\n\r\n"):
        with contextlib.suppress(BadHead):
            assert "\n" not in parse(text).target
