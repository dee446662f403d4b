"""The body of a request as its head frames it, by length or in chunks.  Sans I/O: the exchange feeds and takes.

Chunks that came together are taken together, so that a client which sends small ones costs no more than another.
"""

import re
from typing import Protocol

#: the longest line of a chunk's size, and the longest trailer, in bytes
_LONGEST = 16 << 10
_DIGITS = b"0123456789abcdefABCDEF"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n\0]*)?[ \t]*\r\n")
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

    def rest(self) -> bytes:
        """What came after the end."""


class SizedBody:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._buffer = bytearray()
        self.complete = not length

    def feed(self, data: bytes) -> None:
        """See `Body`."""
        self._buffer += data

    def take(self) -> bytes:
        """See `Body`."""
        content = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(content)
        self.complete = not self._left
        return content

    def rest(self) -> bytes:
        """See `Body`."""
        return bytes(self._buffer)


class ChunkedBody:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are passed over."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: of the present chunk: bytes that are to come, and whether its line end is
        self._left = 0
        self._inside = False
        self._last = False
        self._broken = False
        self.complete = False

    def feed(self, data: bytes) -> None:
        """See `Body`."""
        self._buffer += data

    def take(self) -> bytes:
        """See `Body`."""
        if self._broken:
            raise BadBody
        pieces: list[bytearray] = []
        position = 0
        try:
            while not self.complete and (following := self._step(position, pieces)) > position:
                position = following
        except BadBody:
            self._broken = True
            raise
        del self._buffer[:position]
        return b"".join(pieces)

    def rest(self) -> bytes:
        """See `Body`."""
        return bytes(self._buffer)

    def _step(self, position: int, pieces: list[bytearray]) -> int:
        """Read one thing at `position`: content, its line end, a size, the trailer.  Where the next stands."""
        buffer = self._buffer
        if self._left:
            piece = buffer[position : position + self._left]
            pieces.append(piece)
            self._left -= len(piece)
            return position + len(piece)
        if self._inside:
            if buffer.startswith(b"\r\n", position):
                self._inside = False
                return position + 2
            if not b"\r\n".startswith(buffer[position : position + 2]):
                raise BadBody
            return position
        found = (_TRAILER if self._last else _SIZE).match(buffer, position)
        if found is None:
            self._check_unfinished(position)
            return position
        if self._last:
            self.complete = True
        else:
            self._left = int(found[1], 16)
            self._last = not self._left
            self._inside = not self._last
        return found.end()

    def _check_unfinished(self, position: int) -> None:
        """Refuse what no further bytes can make right."""
        buffer = self._buffer
        if len(buffer) - position > _LONGEST:
            raise BadBody
        if not self._last:
            if buffer.find(b"\n", position) >= 0 or (len(buffer) > position and buffer[position] not in _DIGITS):
                raise BadBody
        elif buffer.find(b"\r\n\r\n", position) >= 0 or _BARE.search(buffer, position):
            raise BadBody
