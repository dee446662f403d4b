"""Sans-I/O codecs used on both ends of the wire: stdcopy frames and JSON lines.

Engine API, "Stream format": a frame is an 8-byte header (stream, 0, 0, 0, big-endian length) and its payload.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

from pydock.errors import System

STDIN, STDOUT, STDERR, SYSTEMERR = 0, 1, 2, 3
HEADER = struct.Struct(">BxxxL")
#: the longest frame that a decoder accepts, in bytes: beyond it, the stream is not what it says
MAX_FRAME = 1 << 30


def frame_header(stream: int, length: int) -> bytes:
    """The 8 bytes that stand before `length` bytes of `stream`."""
    return HEADER.pack(stream, length)


class FrameDecoder:
    """Turns received bytes into (stream, payload) pieces; a long frame comes in several pieces."""

    def __init__(self) -> None:
        self._head = b""
        self._stream = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, memoryview]]:
        """Yield each piece of payload in `data`; raise System where a header cannot be one."""
        view = memoryview(data)
        while view:
            if self._left:
                piece, view = view[: self._left], view[self._left :]
                self._left -= len(piece)
                yield self._stream, piece
                continue
            wanted = HEADER.size - len(self._head)
            self._head += bytes(view[:wanted])
            view = view[wanted:]
            if len(self._head) == HEADER.size:
                self._stream, self._left = HEADER.unpack(self._head)
                self._head = b""
                if self._stream > SYSTEMERR or self._left > MAX_FRAME:
                    raise System(f"unrecognized stream: {self._stream}")


class JSONLines:
    """Turns received bytes into JSON values, one a line or merely one after another."""

    def __init__(self) -> None:
        self._text = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield each value whose line is complete."""
        self._text += data
        *lines, self._text = self._text.split(b"\n")
        for line in lines:
            if line.strip():
                yield from _values(line.decode("utf-8", "replace"))

    def finish(self) -> Iterator[Any]:
        """Yield what stands in a last line without an end."""
        rest, self._text = self._text, b""
        if rest.strip():
            yield from _values(rest.decode("utf-8", "replace"))


def _values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        yield value
        while position < len(text) and text[position] in " \t\r\n":
            position += 1
