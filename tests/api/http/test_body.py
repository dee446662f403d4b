"""Bodies, cut anywhere: what comes out is what went in, as h11 reads it too."""

import contextlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.daemon.http.body import BadBody, Body, ChunkedBody, SizedBody

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
FOLLOWS = b"GET / HTTP/1.1\r\n"


def read(body: Body, data: bytes, size: int) -> bytes:
    content = b""
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
        content += body.take()
    return content


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 50))
def test_chunks_cut_anywhere(pieces: list[bytes], size: int) -> None:
    body = ChunkedBody()
    assert read(body, chunked(pieces) + FOLLOWS, size) == b"".join(pieces)
    assert body.complete
    assert body.rest() == FOLLOWS


@given(st.binary(min_size=1, max_size=99), st.integers(1, 50))
def test_lengths_cut_anywhere(content: bytes, size: int) -> None:
    body = SizedBody(len(content))
    assert read(body, content + FOLLOWS, size) == content
    assert body.complete
    assert body.rest() == FOLLOWS


def test_what_came_together_is_taken_together() -> None:
    body = ChunkedBody()
    body.feed(chunked([b"ab"] * 100))
    assert body.take() == b"ab" * 100


@given(st.lists(st.sampled_from([b"3", b"abc", b"\r\n", b"0", b";x", b" ", b"\n", b"A: b", b"\r", b":"]), max_size=14))
def test_nothing_is_taken_that_h11_refuses(words: list[bytes]) -> None:
    data = b"".join(words)
    body, content = ChunkedBody(), b""
    with contextlib.suppress(BadBody):
        content = read(body, data, len(data) or 1)
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(HEAD + data)
    oracle.next_event()
    expected = b""
    with contextlib.suppress(h11.RemoteProtocolError):
        while isinstance(event := oracle.next_event(), h11.Data):
            expected += event.data
        if body.complete:
            assert isinstance(event, h11.EndOfMessage)
            assert body.rest() == oracle.trailing_data[0]
            assert content == expected
            return
    assert not body.complete


def test_a_body_stays_broken() -> None:
    body = ChunkedBody()
    body.feed(b"x\r\n")
    for _ in range(2):
        with pytest.raises(BadBody):
            body.take()
