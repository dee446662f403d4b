"""Moments in requests: RFC 3339, Unix times, and ages such as ``10m``, as nanoseconds since the epoch.

Called by whatever has an ``until`` filter or shows a time.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from pydock.errors import InvalidParameter

SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt](\d\d(?::\d\d(?::\d\d)?)?)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?|([Zz]|[+-]\d\d:\d\d))?"
)
_UNIX: Final = re.compile(r"(-?\d{1,12})(?:\.(\d+))?")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS: Final = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip


def parse_age(text: str) -> int | None:
    """A duration as Go writes it (``1h30m``) in nanoseconds; None where it is none."""
    sign = -1 if text.startswith("-") else 1
    rest = text.removeprefix("-") if sign < 0 else text.removeprefix("+")
    if rest == "0":
        return 0
    total, position = 0.0, 0
    for match in _DURATION_PART.finditer(rest):
        if match.start() != position:
            return None
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    return sign * int(total) if rest and position == len(rest) else None


def parse_moment(text: str) -> int:
    """A moment as filters have it: an age before now, RFC 3339, or a Unix time; in Docker's words where it is none."""
    age = parse_age(text)
    if age is not None and text != "0":
        return time.time_ns() - age
    match = _UNIX.fullmatch(text)
    if match is not None:
        return int(match[1]) * SECOND + int((match[2] or "0")[:9].ljust(9, "0"))
    try:
        return _rfc3339(text)
    except ValueError:
        raise InvalidParameter(f'failed to parse value as time or duration: "{text[:100]}"') from None


def format_rfc3339(moment: int) -> str:
    """Nanoseconds since the epoch in UTC, without trailing zeroes, as Go's RFC3339Nano."""
    seconds, fraction = divmod(moment, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{fraction:09d}".rstrip("0").rstrip(".") + "Z"


def _rfc3339(text: str) -> int:
    """A date, or a date and a time; UTC where there is no zone.  ValueError where it is none."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(text)
    day, clock, fraction, zone, day_zone = match.groups()
    clock = ":".join([*(clock.split(":") if clock else ()), "00", "00", "00"][:3])
    moment = datetime.fromisoformat(f"{day}T{clock}{(zone or day_zone or 'Z').upper().replace('Z', '+00:00')}")
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * SECOND + int((fraction or "0")[:9].ljust(9, "0"))
