"""One entry of a log, as readers give it, and the time format that entries are written with."""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

STDOUT, STDERR = "stdout", "stderr"
_NANOSECONDS = 1_000_000_000
_NONE: Mapping[str, str] = MappingProxyType({})


class Entry(NamedTuple):
    """One entry: ``time`` in nanoseconds since the epoch; ``line`` ends in a newline unless it is a part of a line.

    A tuple, because half a million of them are made for one long log.
    """

    time: int
    stream: str
    line: bytes
    attributes: Mapping[str, str] = _NONE


def format_time(nanoseconds: int) -> str:
    """RFC 3339 in UTC, with as many decimals as it takes (Go's RFC3339Nano)."""
    seconds, fraction = divmod(nanoseconds, _NANOSECONDS)
    moment = time.gmtime(seconds)
    text = f"{moment[0]:04}-{moment[1]:02}-{moment[2]:02}T{moment[3]:02}:{moment[4]:02}:{moment[5]:02}"
    return f"{text}.{fraction:09}".rstrip("0") + "Z" if fraction else f"{text}Z"


def merged(entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    """Put the lines of neighbours of one stream together."""
    stream = ""
    parts: list[bytes] = []
    for entry in entries:
        if entry.stream != stream:
            if parts:
                yield stream, b"".join(parts)
            stream, parts = entry.stream, []
        parts.append(entry.line)
    if parts:
        yield stream, b"".join(parts)
