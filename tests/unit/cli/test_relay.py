"""Frames taken apart whatever the pieces, and the keys that detach."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.cli import relay
from pydock.errors import System

FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=30)


def encode(frames: list[tuple[int, bytes]]) -> bytes:
    """Frames on the wire."""
    return b"".join(relay.HEADER.pack(stream, len(data)) + data for stream, data in frames)


def pieces(data: bytes, step: int) -> Iterator[bytes]:
    """`data`, `step` bytes at a time."""
    for start in range(0, len(data), step):
        yield data[start : start + step]


def decoded(data: bytes, step: int, folder: Path) -> tuple[bytes, bytes]:
    """What the two outputs get."""
    paths = folder / "out", folder / "err"
    out, err = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in paths)
    try:
        relay.copy_frames(pieces(data, step), out, err)
    finally:
        os.close(out)
        os.close(err)
    return paths[0].read_bytes(), paths[1].read_bytes()


@given(FRAMES, st.integers(1, 500))
def test_each_stream_comes_out_whole_whatever_the_pieces(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, bytes]], step: int
) -> None:
    out, err = decoded(encode(frames), step, tmp_path_factory.getbasetemp())
    assert out == b"".join(data for stream, data in frames if stream == 1)
    assert err == b"".join(data for stream, data in frames if stream == 2)


def test_thousands_of_short_frames_fit_into_the_kernels_limit(tmp_path: Path) -> None:
    frames = [(1, b"%d\n" % number) for number in range(5000)]
    out, _ = decoded(encode(frames), 1 << 20, tmp_path)
    assert out == b"".join(data for _, data in frames)


def test_a_stream_that_nobody_wants_is_dropped(tmp_path: Path) -> None:
    err = os.open(tmp_path / "err", os.O_WRONLY | os.O_CREAT)
    relay.copy_frames([encode([(1, b"out"), (2, b"err")])], None, err)
    os.close(err)
    assert (tmp_path / "err").read_bytes() == b"err"


def test_an_error_of_the_daemon_inside_the_stream_is_raised(tmp_path: Path) -> None:
    with pytest.raises(System, match=r"^error from daemon in stream: it broke$"):
        decoded(encode([(1, b"x"), (3, b"it broke")]), 7, tmp_path)


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(System, match="unrecognized stream: 72"):
        decoded(b"HTTP/1.1 200 OK", 100, tmp_path)


@pytest.mark.parametrize(
    ("typed", "passed", "detached"),
    [
        ([b"abc"], b"abc", False),
        ([b"\x10\x11"], b"", True),
        ([b"a\x10", b"\x11b"], b"a", True),
        ([b"\x10", b"x"], b"\x10x", False),
        ([b"\x10", b"\x10", b"\x11"], b"\x10\x10\x11", False),
        ([b"\x11"], b"\x11", False),
    ],
)
def test_the_detach_keys_are_found_and_all_else_is_passed_on(typed: list[bytes], passed: bytes, detached: bool) -> None:
    escape = relay.EscapeFilter(b"\x10\x11")
    out = b""
    for data in typed:
        some, found = escape.feed(data)
        out += some
        if found:
            break
    assert (out, found) == (passed, detached)
