"""Times as Go's time.Parse reads them, for layouts of RFC 3339's fields, with its errors.  Called by `timestamps`."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from pydock.cli.flags import quoted

_ELEMENT = re.compile(r"2006|01|02|15|04|05|\.999999999|Z07:00")
_NAMES = {"01": "month", "15": "hour", "04": "minute", "05": "second"}
_LIMITS = {"01": range(1, 13), "15": range(24), "04": range(60), "05": range(60)}
_NUMBER = {"2006": re.compile("[0-9]{4}"), "15": re.compile("[0-9]{1,2}")}
_TWO_DIGITS = re.compile("[0-9]{2}")
_FRACTION = re.compile("[.,]([0-9]+)")
_ZONE = re.compile("([+-])([0-9]{2}):([0-9]{2})")


class _Reader:
    """What is left of a text, and what it has said so far."""

    def __init__(self, layout: str, text: str) -> None:
        self._layout = layout
        self._text = text
        self._rest = text
        self.found: dict[str, int] = {}
        self.nanoseconds = 0
        self.zone: tzinfo | None = None

    def read(self) -> None:
        """Take the text apart; ValueError says where it does not fit."""
        end = 0
        for element in _ELEMENT.finditer(self._layout):
            for char in self._layout[end : element.start()]:
                self._skip(char, self._layout[end : element.start()])
            self._element(element[0])
            end = element.end()
        if self._rest:
            raise self.wrong(f"extra text: {quoted(self._rest)}")

    def wrong(self, what: str) -> ValueError:
        """The error for what could be read and cannot be."""
        return ValueError(f"parsing time {quoted(self._text)}: {what}")

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
            match = _NUMBER.get(element, _TWO_DIGITS).match(self._rest)
            if match is None:
                raise self._bad(element)
            self._rest = self._rest[match.end() :]
            self.found[element] = number = int(match[0])
            if element in _LIMITS and number not in _LIMITS[element]:
                raise self.wrong(f"{_NAMES[element]} out of range")
            if element == "05":
                self._fraction()

    def _fraction(self) -> None:
        if match := _FRACTION.match(self._rest):
            self.nanoseconds = int(f"{match[1]:0<9.9}")
            self._rest = self._rest[match.end() :]

    def _zone(self) -> None:
        if self._rest.startswith("Z"):
            self._rest, self.zone = self._rest[1:], UTC
            return
        match = _ZONE.match(self._rest)
        if match is None:
            raise self._bad("Z07:00")
        hours, minutes = int(match[2]), int(match[3])
        for number, limit, name in ((hours, 24, "hour"), (minutes, 60, "minute")):
            if number > limit:
                raise self.wrong(f"time zone offset {name} out of range")
        self._rest = self._rest[match.end() :]
        offset = timedelta(hours=hours, minutes=minutes)
        self.zone = timezone(-offset if match[1] == "-" else offset)

    def _bad(self, element: str) -> ValueError:
        return ValueError(
            f"parsing time {quoted(self._text)} as {quoted(self._layout)}: "
            f"cannot parse {quoted(self._rest)} as {quoted(element)}"
        )


def parse(layout: str, text: str) -> tuple[int, int]:
    """Seconds since the epoch and nanoseconds; without a zone it is local time.  ValueError in Go's words."""
    reader = _Reader(layout, text)
    reader.read()
    fields = [reader.found.get(element, 0) for element in ("2006", "01", "02", "15", "04", "05")]
    try:
        moment = datetime(*fields, tzinfo=reader.zone)  # type: ignore[arg-type,misc]
        return int(moment.timestamp()), reader.nanoseconds
    except (ValueError, OverflowError, OSError):
        raise reader.wrong("day out of range") from None
