"""The times in image configs: RFC 3339 as Go's time.Parse takes it, with Go's words for what is none.

Called by the check of configs, and by whoever shows or sorts images by when they were made.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from pydock.errors import InvalidParameter

SECOND: Final = 1_000_000_000
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
#: the elements of the layout: what Go calls each, what it looks like, the name and the bounds of a number
_ELEMENTS: Final = tuple(
    (element, re.compile(pattern), name, low, high)
    for element, pattern, name, low, high in (
        ("2006", r"\d{4}", "year", 0, 9999),
        ("-", "-", "", 0, 0),
        ("01", r"\d\d", "month", 1, 12),
        ("-", "-", "", 0, 0),
        ("02", r"\d\d", "day", 0, 99),  # of the month: see below
        ("T", "T", "", 0, 0),
        ("15", r"\d\d?", "hour", 0, 23),
        (":", ":", "", 0, 0),
        ("04", r"\d\d", "minute", 0, 59),
        (":", ":", "", 0, 0),
        ("05", r"\d\d", "second", 0, 59),
    )
)
_FRACTION: Final = re.compile(r"[.,](\d+)", re.ASCII)
_ZONE: Final = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_DAYS_IN_400_YEARS: Final = 146_097
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Time:
    """A moment in nanoseconds since the epoch, and how Go's RFC3339Nano writes it in the zone that it was given in."""

    nanoseconds: int
    text: str


@lru_cache(maxsize=4096)
def parse(text: str) -> Time:
    """The time that `text` says, years 0 to 9999; InvalidParameter in Go's words where it says none."""
    fields: dict[str, int] = {}
    rest = text
    for element, pattern, name, low, high in _ELEMENTS:
        match = pattern.match(rest)
        if match is None or not match[0].isascii():
            raise _none(text, f" as {_quoted(_LAYOUT)}: cannot parse {_quoted(rest)} as {_quoted(element)}")
        rest = rest[match.end() :]
        if name:
            fields[name] = int(match[0])
            if not low <= fields[name] <= high:
                raise _none(text, f": {name} out of range")
    nanoseconds = 0
    fraction = _FRACTION.match(rest)
    if fraction is not None:
        nanoseconds = int(fraction[1][:9].ljust(9, "0"))
        rest = rest[fraction.end() :]
    offset, rest = _zone(text, rest)
    if rest:
        raise _none(text, f": extra text: {_quoted(rest)}")
    return _time(text, fields, nanoseconds, offset)


def _zone(text: str, rest: str) -> tuple[int, str]:
    """How many minutes the zone that `rest` begins with is ahead of UTC, and what comes after it."""
    if rest.startswith("Z"):
        return 0, rest[1:]
    match = _ZONE.match(rest)
    if match is None:
        raise _none(text, f" as {_quoted(_LAYOUT)}: cannot parse {_quoted(rest)} as {_quoted('Z07:00')}")
    hours, minutes = int(match[2]), int(match[3])
    for number, high, name in ((hours, 24, "hour"), (minutes, 60, "minute")):
        if number > high:
            raise _none(text, f": time zone offset {name} out of range")
    ahead = hours * 60 + minutes
    return ahead if match[1] == "+" else -ahead, rest[match.end() :]


def _time(text: str, fields: dict[str, int], nanoseconds: int, offset: int) -> Time:
    year, month, day = (fields[name] for name in ("year", "month", "day"))
    try:
        # the calendar repeats itself every 400 years; Python's knows neither year 0 nor 10000
        days = date(year % 400 + 400, month, day).toordinal() + (year // 400 - 1) * _DAYS_IN_400_YEARS - _EPOCH
    except ValueError:
        raise _none(text, ": day out of range") from None
    clock = [fields[name] for name in ("hour", "minute", "second")]
    seconds = days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset * 60
    shown = f"{year:04d}-{month:02d}-{day:02d}T" + ":".join(f"{number:02d}" for number in clock)
    if nanoseconds:
        shown += f".{nanoseconds:09d}".rstrip("0")
    if offset:
        shown += f"{'+' if offset > 0 else '-'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    else:
        shown += "Z"
    return Time(seconds * SECOND + nanoseconds, shown)


def _none(text: str, why: str) -> InvalidParameter:
    return InvalidParameter(f"parsing time {_quoted(text)}{why}")


def _quoted(text: str) -> str:
    """`text` (of which the first 100 characters are enough) as Go's package time quotes it."""
    escaped = text[:100].replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if " " <= char < "\x80" else _bytes(char) for char in escaped) + '"'


def _bytes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode(errors="replace"))
