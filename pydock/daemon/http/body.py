"""The body of a request as its head frames it, by length or in chunks.  Sans I/O: the exchange feeds and takes.

Chunks that came together are taken together, so that a client which sends small ones costs no more than another.
"""

import re
from abc import ABC, abstractmethod
from typing import Protocol

#: the longest line of a chunk's size, and the longest trailer, in bytes
_LONGEST = 16 << 10
_DIGITS = b"0123456789abcdefABCDEF"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n\0]*)?[ \t]*\r\n")
_NEXT = re.compile(rb"\r\n" + _SIZE.pattern)
_TRAILER = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\0]*\r\n)*\r\n")
#: what is no line end, and might be one to another reader
_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]")


class BadBody(Exception):
    """The framing is broken: nothing after it can be told apart."""


class Body(Protocol):
    """What the two kinds have in common."""

    #: whether the body has ended; `rest` is what follows it then
    complete: bool

    def feed(self, data: bytes) -> None:
        """Bytes came."""

    def take(self) -> bytes:
        """All content that has come; b"" where there is none yet, or none any more.  BadBody where it is ill-formed."""

    def pieces(self) -> list[memoryview]:
        """The same content, as it lies in what was fed: not copied."""

    def rest(self) -> bytes:
        """What came after the end."""


class Received(ABC):
    """Bytes that came and were not taken: nothing is copied where they are taken as they come."""

    def __init__(self) -> None:
        self._came: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """See `Body`."""
        self._came.append(data)

    def take(self) -> bytes:
        """See `Body`."""
        return b"".join(self.pieces())

    @abstractmethod
    def pieces(self) -> list[memoryview]:
        """See `Body`."""

    def rest(self) -> bytes:
        """See `Body`."""
        if len(self._came) != 1:
            self._came = [b"".join(self._came)]
        return self._came[0]

    def _keep(self, position: int) -> None:
        """Forget what stands before `position`."""
        rest = self.rest()
        self._came = [rest[position:]] if position < len(rest) else []


class SizedBody(Received):
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._left = length
        self.complete = not length

    def pieces(self) -> list[memoryview]:
        """See `Body`."""
        content = memoryview(self.rest())[: self._left]
        self._keep(len(content))
        self._left -= len(content)
        self.complete = not self._left
        return [content] if content else []


class ChunkedBody(Received):
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are passed over."""

    def __init__(self) -> None:
        super().__init__()
        #: of the present chunk: bytes that are to come, and whether its line end is
        self._left = 0
        self._inside = False
        self._last = False
        self._broken = False
        self.complete = False

    def pieces(self) -> list[memoryview]:
        """See `Body`."""
        if self._broken:
            raise BadBody
        found: list[memoryview] = []
        buffer = self.rest()
        position = 0
        try:
            while not self.complete:
                position = self._run(buffer, position, found)
                if (following := self._step(buffer, position, found)) == position:
                    break
                position = following
        except BadBody:
            self._broken = True
            raise
        self._keep(position)
        return found

    def _run(self, buffer: bytes, position: int, found: list[memoryview]) -> int:
        """Read whole chunks, each with the size of the next, as many as stand at `position`: what most bytes are."""
        view, left = memoryview(buffer), self._left
        while left and (following := _NEXT.match(buffer, position + left)):
            found.append(view[position : position + left])
            position = following.end()
            left = int(following[1], 16)
        if not left and self._left:
            self._inside, self._last = False, True
        self._left = left
        return position

    def _step(self, buffer: bytes, position: int, found: list[memoryview]) -> int:
        """Read one thing at `position`: content, its line end, a size, the trailer.  Where the next stands."""
        if self._left:
            piece = memoryview(buffer)[position : position + self._left]
            if piece:
                found.append(piece)
            self._left -= len(piece)
            return position + len(piece)
        if self._inside:
            if buffer.startswith(b"\r\n", position):
                self._inside = False
                return position + 2
            if not b"\r\n".startswith(buffer[position : position + 2]):
                raise BadBody
            return position
        line = (_TRAILER if self._last else _SIZE).match(buffer, position)
        if line is None:
            self._check_unfinished(buffer, position)
            return position
        if self._last:
            self.complete = True
        else:
            self._left = int(line[1], 16)
            self._last = not self._left
            self._inside = not self._last
        return line.end()

    def _check_unfinished(self, buffer: bytes, position: int) -> None:
        """Refuse what no further bytes can make right."""
        if len(buffer) - position > _LONGEST:
            raise BadBody
        if not self._last:
            if buffer.find(b"\n", position) >= 0 or (len(buffer) > position and buffer[position] not in _DIGITS):
                raise BadBody
        elif buffer.find(b"\r\n\r\n", position) >= 0 or _BARE.search(buffer, position):
            raise BadBody
