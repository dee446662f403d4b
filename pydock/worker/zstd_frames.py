"""Where zstd frames begin and end: the decoder takes a stream that breaks off for one that is whole.

Used by `inflow`.  Source: RFC 8878, section 3.1.
"""

from collections.abc import Generator
from typing import Final

from pydock.errors import InvalidParameter

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = 0x184D2A50
_RLE: Final = 1

#: yields how many bytes it wants to see (positive) or passes over (negative), and gets those it sees
_Walk = Generator[int, bytes, None]


class FrameWalker:
    """Follows a zstd stream piece by piece without decoding it."""

    def __init__(self) -> None:
        self._walk = _frames()
        self._wanted = next(self._walk)
        self._seen = b""
        self._between = True

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; InvalidParameter where they can't be zstd."""
        position = 0
        while position < len(data):
            self._between = False
            if self._wanted < 0:
                step = min(-self._wanted, len(data) - position)
                self._wanted += step
                position += step
                if self._wanted == 0:
                    self._advance(b"")
                continue
            step = min(self._wanted - len(self._seen), len(data) - position)
            self._seen += data[position : position + step]
            position += step
            if len(self._seen) == self._wanted:
                seen, self._seen = self._seen, b""
                self._advance(seen)

    def finish(self) -> None:
        """Say that the stream has ended; InvalidParameter where a frame has not."""
        if not self._between:
            raise InvalidParameter("invalid zstd stream: unexpected end")

    def _advance(self, seen: bytes) -> None:
        self._wanted = self._walk.send(seen)
        while self._wanted == 0:
            self._between = True
            self._wanted = self._walk.send(b"")


def _frames() -> _Walk:
    """Walk frames for ever; yields 0 at the end of each."""
    while True:
        magic = int.from_bytes((yield 4), "little")
        if magic & 0xFFFFFFF0 == _SKIPPABLE:
            yield from _skip(int.from_bytes((yield 4), "little"))
        elif magic == _MAGIC:
            yield from _frame()
        else:
            raise InvalidParameter("invalid zstd stream: no frame where one should begin")
        yield 0


def _frame() -> _Walk:
    descriptor = (yield 1)[0]
    single = descriptor >> 5 & 1
    window, dictionary = 1 - single, (0, 1, 2, 4)[descriptor & 3]
    content_size = (single, 2, 4, 8)[descriptor >> 6]
    yield from _skip(window + dictionary + content_size)
    last = 0
    while not last:
        header = int.from_bytes((yield 3), "little")
        last = header & 1
        yield from _skip(1 if header >> 1 & 3 == _RLE else header >> 3)
    yield from _skip(4 if descriptor >> 2 & 1 else 0)


def _skip(count: int) -> _Walk:
    if count:
        yield -count
