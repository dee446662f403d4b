"""Cuts a stream into what a log driver takes: whole lines, many at a time, and parts of lines that are too long.

Every driver's writer feeds its streams through one of these.  Pure.
"""

from collections.abc import Iterator

#: the longest entry, in bytes: a longer line is cut (Docker's limit)
LONGEST = 16 * 1024


class LineCutter:
    """Holds back what may be the start of a longer line."""

    def __init__(self) -> None:
        #: the beginning of a line whose end has not come yet
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of whole lines (each ends in a newline, none is over-long) and parts of over-long lines."""
        if self.rest:
            data = self.rest + data
        end = data.rfind(b"\n") + 1
        self.rest = data[end:]
        if end <= LONGEST:
            if end:
                yield data[:end]
        else:
            yield from _cut(data, end)
        while len(self.rest) >= LONGEST:
            length = _part(self.rest, 0)
            yield self.rest[:length]
            self.rest = self.rest[length:]

    def finish(self) -> Iterator[bytes]:
        """Yield the last line where it has no end."""
        if self.rest:
            yield self.rest
        self.rest = b""


def _cut(data: bytes, end: int) -> Iterator[bytes]:
    begin = position = 0
    while end - position > LONGEST:
        newline = data.rfind(b"\n", position, position + LONGEST + 1)
        if newline >= 0:
            position = newline + 1
            continue
        length = _part(data, position)
        if position > begin:
            yield data[begin:position]
        yield data[position : position + length]
        begin = position = position + length
    yield data[begin:end]


def _part(data: bytes, position: int) -> int:
    """How much of the over-long line at `position` makes an entry: no character is torn apart."""
    length = LONGEST
    for back in range(1, 4):
        byte = data[position + LONGEST - back]
        if byte >= 0xC0:  # a character begins here: does it end within the entry?
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return length if width <= back else length - back
        if byte < 0x80:
            break
    return length
