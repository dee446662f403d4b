"""Docker's local format, both ways."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from pydock.runtime.logs import local
from pydock.runtime.logs.entry import Entry

TIME = 1_700_000_000_123_456_789


def test_an_entry_is_written_as_docker_writes_it() -> None:
    body = b"\x0a\x06stdout\x10\xac\x02\x1a\x02hi"  # 300 is AC 02
    size = struct.pack(">L", len(body))
    assert local.Encoder({}).encode("stdout", 300, b"hi\n") == size + body + size


def test_parts_of_a_long_line_are_told_apart_from_lines() -> None:
    encoder = local.Encoder({})
    text = b"".join(
        encoder.encode("stdout", TIME, piece) for piece in (b"first half, ", b"more, ", b"end\nnext\n", b"open")
    )
    assert [entry.line for entry in local.entries(text)] == [b"first half, ", b"more, ", b"end\n", b"next\n", b"open"]


def test_attributes_come_with_each_entry() -> None:
    text = local.Encoder({"b": "2", "a": "é"}).encode("stderr", TIME, b"x\n\n")
    assert list(local.entries(text)) == [
        Entry(TIME, "stderr", b"x\n", {"a": "é", "b": "2"}),
        Entry(TIME, "stderr", b"\n", {"a": "é", "b": "2"}),
    ]


PIECES = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(min_size=1, max_size=300), st.integers(0, 2**62)),
    max_size=10,
)


@given(PIECES)
def test_what_is_read_is_what_was_written(pieces: list[tuple[str, bytes, int]]) -> None:
    encoder = local.Encoder({})
    text = b"".join(encoder.encode(stream, time, piece) for stream, piece, time in pieces)
    assert local.whole(text) == len(text)
    read = list(local.entries(text))
    for stream in ("stdout", "stderr"):
        wanted = b"".join(piece for name, piece, _ in pieces if name == stream)
        assert b"".join(entry.line for entry in read if entry.stream == stream) == wanted
        assert b"".join(data for name, data in local.payloads(text) if name == stream) == wanted
    found, position = local.last(text, 3, True)
    assert list(local.entries(text[position:])) == read[len(read) - found :]


@given(st.binary(max_size=200))
def test_what_is_no_log_is_refused_quietly(text: bytes) -> None:
    list(local.entries(text))
    list(local.payloads(text))
    assert 0 <= local.whole(text) <= len(text)
    local.last(text, 5, True)
    assert 0 <= local.last_end(lambda begin, end: text[begin:end], len(text)) <= len(text)


def test_the_end_of_the_last_whole_entry_is_found() -> None:
    text = local.Encoder({}).encode("stdout", TIME, b"one\ntwo\n")
    for torn in (b"", text[:3], text[:9], text[: len(text) // 2 - 1]):
        data = text + torn
        assert local.last_end(lambda begin, end, data=data: data[begin:end], len(data)) == len(text)  # type: ignore[misc]


def test_a_cut_falls_on_an_entrys_end() -> None:
    text = local.Encoder({}).encode("stdout", TIME, b"1\n2\n3\n")
    size = len(text) // 3
    assert [local.cut(text, n) for n in (1, size, size + 1, 10 * size)] == [size, size, 2 * size, 3 * size]
