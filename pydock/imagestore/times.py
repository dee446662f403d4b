"""When an image was made, as its config says it: RFC 3339 as Go reads and writes it.

Called by the check of configs, and by whoever shows or sorts images by it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydock import go_time
from pydock.errors import InvalidParameter

SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Time:
    """A moment in nanoseconds since the epoch, and how Go's RFC3339Nano writes it in the zone that it was given in."""

    nanoseconds: int
    text: str


@lru_cache(maxsize=4096)
def parse(text: str) -> Time:
    """The time that `text` says, years 0 to 9999; InvalidParameter in Go's words where it says none."""
    try:
        moment = go_time.parse(go_time.RFC3339, text)
    except ValueError as error:
        raise InvalidParameter(str(error)) from None
    return Time(moment.seconds * SECOND + moment.nanoseconds, _written(moment))


def _written(moment: go_time.Moment) -> str:
    year, *others = moment.clock
    month, day, hour, minute, second = (f"{number:02d}" for number in others)
    written = f"{year:04d}-{month}-{day}T{hour}:{minute}:{second}"
    if moment.nanoseconds:
        written += f".{moment.nanoseconds:09d}".rstrip("0")
    if not moment.ahead:
        return f"{written}Z"
    hours, minutes = divmod(abs(moment.ahead), 60)
    return f"{written}{'+' if moment.ahead > 0 else '-'}{hours:02d}:{minutes:02d}"
