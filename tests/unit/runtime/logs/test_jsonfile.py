"""Docker's json-file format, both ways.  The expected texts are what Docker Engine 28.5 writes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.runtime.logs import jsonfile
from pydock.runtime.logs.entry import Entry, format_time

TIME = 1_700_000_000_123_456_700
STAMP = "2023-11-14T22:13:20.1234567Z"


def encoded(piece: bytes, stream: str = "stdout", **attributes: str) -> bytes:
    return jsonfile.Encoder(attributes).encode(stream, TIME, piece)


@pytest.mark.parametrize(
    ("piece", "text"),
    [
        (b"a\n", rb'{"log":"a\n","stream":"stdout","time":"TIME"}'),
        (b"\n", rb'{"log":"\n","stream":"stdout","time":"TIME"}'),
        (b"part", rb'{"log":"part","stream":"stdout","time":"TIME"}'),
        (b"\t<&>\n", rb'{"log":"\u0009\u003c\u0026\u003e\n","stream":"stdout","time":"TIME"}'),
        (b'"\\\r\x00\x1b\n', rb'{"log":"\"\\\r\u0000\u001b\n","stream":"stdout","time":"TIME"}'),
        (b"\x7f\n", b'{"log":"\x7f\\n","stream":"stdout","time":"TIME"}'),
        ("é\u2028\u2029\n".encode(), '{"log":"é\\u2028\\u2029\\n","stream":"stdout","time":"TIME"}'.encode()),
        (b"\xff\xe2\x82x\n", '{"log":"\ufffd\ufffd\ufffdx\\n","stream":"stdout","time":"TIME"}'.encode()),
    ],
)  # fmt: skip
def test_an_entry_is_written_as_docker_writes_it(piece: bytes, text: bytes) -> None:
    assert encoded(piece) == text.replace(b"TIME", STAMP.encode()) + b"\n"


def test_attributes_stand_between_stream_and_time_sorted() -> None:
    entry = encoded(b"a\n", "stderr", b="<2>", a="1")
    expected = b'{"log":"a\\n","stream":"stderr","attrs":{"a":"1","b":"\\u003c2\\u003e"},"time":"%s"}\n'
    assert entry == expected % STAMP.encode()
    assert list(jsonfile.entries(entry)) == [Entry(TIME, "stderr", b"a\n", {"a": "1", "b": "<2>"})]
    assert list(jsonfile.payloads(entry)) == [("stderr", b"a\n")]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (TIME, STAMP),
        (10**18, "2001-09-09T01:46:40Z"),
    ],
)
def test_times_have_the_decimals_that_they_need(time: int, text: str) -> None:
    assert format_time(time) == text
    assert jsonfile.parse_time(text) == time


def test_times_of_other_writers_are_understood() -> None:
    assert jsonfile.parse_time("2023-11-14T23:13:20.5+01:00") == 1_700_000_000_500_000_000
    assert jsonfile.parse_time("2023-11-14T22:13:20.1234567891234Z") == 1_700_000_000_123_456_789
    for wrong in ("", "now", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z"):
        with pytest.raises((ValueError, IndexError, KeyError)):
            jsonfile.parse_time(wrong)


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.one_of(
            st.binary(max_size=60),
            st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
            st.sampled_from([b"plain\n", b'back\\slash"\n', b'\\","stream":"stdout","time":"x"}\n', b"\\n", b"\\"]),
        ).filter(len),
    ),
    max_size=12,
)  # fmt: skip


@given(PIECES)
def test_what_is_read_is_what_was_written(pieces: list[tuple[str, bytes]]) -> None:
    encoder = jsonfile.Encoder({})
    text = b"".join(encoder.encode(stream, TIME, piece) for stream, piece in pieces)
    for line in text.splitlines():
        assert set(json.loads(line)) == {"log", "stream", "time"}
    wanted = {stream: b"".join(piece for name, piece in pieces if name == stream) for stream in ("stdout", "stderr")}
    for read in (
        [(entry.stream, entry.line) for entry in jsonfile.entries(text)],
        list(jsonfile.payloads(text)),
    ):
        for stream, payload in wanted.items():
            got = b"".join(line for name, line in read if name == stream)
            assert got.replace(b"\xef\xbf\xbd", b"") == _valid(pieces, stream)
            if _is_text(payload):
                assert got == payload


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _valid(pieces: list[tuple[str, bytes]], stream: str) -> bytes:
    """What is left of a stream's pieces where wrong bytes, and the mark for them, are taken out."""
    texts = (piece.decode("utf-8", "ignore") for name, piece in pieces if name == stream)
    return "".join(texts).replace("\ufffd", "").encode()


def test_the_order_of_streams_is_kept() -> None:
    encoder = jsonfile.Encoder({})
    text = b"".join(
        encoder.encode(s, TIME, p) for s, p in [("stdout", b"1\n2\n"), ("stderr", b"3\n"), ("stdout", b"4")]
    )
    assert list(jsonfile.payloads(text)) == [("stdout", b"1\n2\n"), ("stderr", b"3\n"), ("stdout", b"4")]


def test_lines_that_are_no_entries_are_passed_over() -> None:
    text = (
        b'\0\0\0\n{"log":"a\n[]\n"x"\n{"log":1}\n'
        + encoded(b"good\n")
        + b'{"log":"\\ud800","stream":"stdout","time":"no"}\n'
    )
    assert [entry.line for entry in jsonfile.entries(text)] == [b"good\n"]
    assert list(jsonfile.payloads(text)) == [("stdout", b"good\n")]


def test_half_a_surrogate_pair_does_not_stop_the_reading() -> None:
    text = b'{"log":"a\\ud800b\\n","stream":"stdout","time":"%s"}\n' % STAMP.encode()
    assert list(jsonfile.payloads(text)) == [("stdout", "a\ufffdb\n".encode())]


def test_an_empty_entry_is_one() -> None:
    text = b'{"stream":"stdout","time":"%s"}\n' % STAMP.encode()
    assert list(jsonfile.entries(text)) == [Entry(TIME, "stdout", b"")]


def test_the_last_entries_are_found_from_behind() -> None:
    text = encoded(b"1\n2\n3\n")
    size = len(text) // 3
    assert jsonfile.last(text, 1, True) == (1, 2 * size)
    assert jsonfile.last(text, 3, True) == (3, 0)
    assert jsonfile.last(text, 9, True) == (3, 0)
    assert jsonfile.last(text[5:], 3, False) == (2, size - 5)
    assert jsonfile.last(b"", 3, True) == (0, 0)


def test_a_cut_falls_on_an_entrys_end() -> None:
    text = encoded(b"1\n2\n3\n")
    size = len(text) // 3
    assert [jsonfile.cut(text, n) for n in (0, 1, size, size + 1, 10 * size)] == [size, size, size, 2 * size, 3 * size]
