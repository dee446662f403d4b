"""Frames and JSON lines: whole whatever the pieces that they come in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.errors import System
from pydock.streams import MAX_FRAME, FrameDecoder, JSONLines, frame_header

FRAMES = st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=300)), max_size=8)


@given(FRAMES, st.integers(1, 40))
def test_frames_come_out_as_they_went_in(frames: list[tuple[int, bytes]], step: int) -> None:
    data = b"".join(frame_header(stream, len(payload)) + payload for stream, payload in frames)
    decoder = FrameDecoder()
    seen = [
        (stream, bytes(piece))
        for start in range(0, len(data), step)
        for stream, piece in decoder.feed(data[start : start + step])
    ]
    for stream in range(4):
        assert b"".join(piece for number, piece in seen if number == stream) == b"".join(
            payload for number, payload in frames if number == stream
        )


@pytest.mark.parametrize("header", [b"\x04\0\0\0\0\0\0\1", frame_header(1, MAX_FRAME + 1)])
def test_what_is_no_frame_is_refused(header: bytes) -> None:
    with pytest.raises(System, match="unrecognized stream"):
        list(FrameDecoder().feed(header))


@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=5), st.integers(1, 30))
def test_json_lines_come_out_as_they_went_in(values: list[dict[str, str]], step: int) -> None:
    data = b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\r\n" for value in values)
    decoder = JSONLines()
    seen = [value for start in range(0, len(data), step) for value in decoder.feed(data[start : start + step])]
    assert seen + list(decoder.finish()) == values


def test_a_last_line_needs_no_end_and_a_line_may_hold_several_values() -> None:
    decoder = JSONLines()
    assert list(decoder.feed(b'{"a":1}{"b":2} \n\n{"c":')) == [{"a": 1}, {"b": 2}]
    assert list(decoder.feed(b"3}")) == []
    assert list(decoder.finish()) == [{"c": 3}]
    assert list(decoder.finish()) == []
