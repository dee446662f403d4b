"""Times as Go's time.Parse reads them, for layouts of RFC 3339's fields, with its errors.

Used by the client for moments that users write, and by the image store for when images were made.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

RFC3339: Final = "2006-01-02T15:04:05Z07:00"
_ELEMENT: Final = re.compile(r"2006|01|02|15|04|05|\.999999999|Z07:00")
_FIELDS: Final = ("2006", "01", "02", "15", "04", "05")
_NAMES: Final = {"01": "month", "15": "hour", "04": "minute", "05": "second"}
_BOUNDS: Final = {"01": range(1, 13), "15": range(24), "04": range(60), "05": range(60)}
_NUMBERS: Final = {"2006": re.compile("[0-9]{4}"), "15": re.compile("[0-9]{1,2}")}
_TWO_DIGITS: Final = re.compile("[0-9]{2}")
_FRACTION: Final = re.compile("[.,]([0-9]+)")
_ZONE: Final = re.compile("([+-])([0-9]{2}):([0-9]{2})")
_DAYS_IN_400_YEARS: Final = 146_097
_EPOCH: Final = date(1970, 1, 1).toordinal()
#: how much of a text is shown, in characters
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """What a text says, of the years 0 to 9999."""

    #: year, month, day, hour, minute and second in its own zone
    clock: tuple[int, ...]
    nanoseconds: int
    #: how many minutes its zone is ahead of UTC; None where it names none
    ahead: int | None
    #: since the epoch; of UTC where it names no zone
    seconds: int


def parse(layout: str, text: str) -> Moment:
    """The moment that `text` says; ValueError in Go's words where it does not fit."""
    reader = _Reader(layout, text)
    reader.read()
    clock = tuple(reader.found.get(element, 0) for element in _FIELDS)
    year, month, day, hour, minute, second = clock
    try:
        # the calendar repeats itself every 400 years; Python's knows neither year 0 nor 10000
        days = date(year % 400 + 400, month, day).toordinal() + (year // 400 - 1) * _DAYS_IN_400_YEARS - _EPOCH
    except ValueError:
        raise reader.wrong("day out of range") from None
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - (reader.ahead or 0) * 60
    return Moment(clock, reader.nanoseconds, reader.ahead, seconds)


class _Reader:
    """What is left of a text, and what it has said so far."""

    def __init__(self, layout: str, text: str) -> None:
        self._layout = layout
        self._text = text
        self._rest = text
        self.found: dict[str, int] = {}
        self.nanoseconds = 0
        self.ahead: int | None = None

    def read(self) -> None:
        """Take the text apart; ValueError says where it does not fit."""
        end = 0
        for element in _ELEMENT.finditer(self._layout):
            for char in self._layout[end : element.start()]:
                self._skip(char, self._layout[end : element.start()])
            self._element(element[0])
            end = element.end()
        if self._rest:
            raise self.wrong(f"extra text: {_quoted(self._rest)}")

    def wrong(self, what: str) -> ValueError:
        """The error for what could be read and cannot be."""
        return ValueError(f"parsing time {_quoted(self._text)}: {what}")

    def _skip(self, char: str, literal: str) -> None:
        if not self._rest.startswith(char):
            raise self._bad(literal)
        self._rest = self._rest[1:]

    def _element(self, element: str) -> None:
        if element == "Z07:00":
            self._zone()
        elif element == ".999999999":
            self._fraction()
        else:
            match = _NUMBERS.get(element, _TWO_DIGITS).match(self._rest)
            if match is None:
                raise self._bad(element)
            self._rest = self._rest[match.end() :]
            self.found[element] = number = int(match[0])
            if element in _BOUNDS and number not in _BOUNDS[element]:
                raise self.wrong(f"{_NAMES[element]} out of range")
            if element == "05":
                self._fraction()

    def _fraction(self) -> None:
        if match := _FRACTION.match(self._rest):
            self.nanoseconds = int(f"{match[1]:0<9.9}")
            self._rest = self._rest[match.end() :]

    def _zone(self) -> None:
        if self._rest.startswith("Z"):
            self._rest, self.ahead = self._rest[1:], 0
            return
        match = _ZONE.match(self._rest)
        if match is None:
            raise self._bad("Z07:00")
        hours, minutes = int(match[2]), int(match[3])
        for number, limit, name in ((hours, 24, "hour"), (minutes, 60, "minute")):
            if number > limit:
                raise self.wrong(f"time zone offset {name} out of range")
        self._rest = self._rest[match.end() :]
        self.ahead = (hours * 60 + minutes) * (-1 if match[1] == "-" else 1)

    def _bad(self, element: str) -> ValueError:
        return ValueError(
            f"parsing time {_quoted(self._text)} as {_quoted(self._layout)}: "
            f"cannot parse {_quoted(self._rest)} as {_quoted(element)}"
        )


def _quoted(text: str) -> str:
    """The beginning of `text` as Go's package time quotes it."""
    escaped = text[:_SHOWN].replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if " " <= char < "\x80" else _bytes(char) for char in escaped) + '"'


def _bytes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode(errors="replace"))
