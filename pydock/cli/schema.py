"""Typed values from JSON: what `inspect --format` works on.  Called by the inspect commands, `info` and `version`.

Go decodes an answer into structs before a template sees it; this does the same, so that templates print, miss and
refuse what they would there.
"""

from __future__ import annotations

from pydock.cli.schema_types import TYPES
from pydock.cli.template.values import Integer, Map, Nil, Slice, Struct, Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBERS = frozenset(("int", "int64", "uint64", "uint16", "uint32", "uint", "int32", "uint8"))
#: types of their own that are text
_TEXTS = frozenset(("events.Type", "events.Action"))


class Time(str):
    """A time.Time: JSON has it in RFC 3339, templates print it as Go's String does."""

    __slots__ = ()
    kind = "time.Time"

    def __str__(self) -> str:
        if not self or self.startswith("0001-01-01"):
            return "0001-01-01 00:00:00 +0000 UTC"
        day, _, rest = self.partition("T")
        zone = "+0000 UTC"
        for sign in ("Z", "+", "-"):
            clock, found, offset = rest.partition(sign)
            if found:
                if sign != "Z" and offset != "00:00":
                    zone = f"{sign}{offset.replace(':', '')} {sign}{offset.replace(':', '')}"
                return f"{day} {clock} {zone}"
        return f"{day} {rest} {zone}"


class Duration(int):
    """A time.Duration: JSON has nanoseconds, templates print it as Go's String does."""

    kind = "time.Duration"

    def __str__(self) -> str:
        return show_duration(int(self))


def show_duration(nanoseconds: int) -> str:
    """`1m30s`, `1.5s`, `20ms`: as Go prints a time.Duration."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest < 10**9:
        for unit, scale in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if rest >= scale:
                return f"{sign}{_fraction(rest, scale)}{unit}"
    minutes, left = divmod(rest, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_fraction(left, 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else sign + text


def _fraction(value: int, scale: int) -> str:
    whole, part = divmod(value, scale)
    digits = f"{part:0{len(str(scale)) - 1}d}".rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


class _Field:
    __slots__ = ("embedded", "json", "kind", "name", "optional")

    def __init__(self, line: str) -> None:
        self.embedded = line.startswith("+")
        if self.embedded:
            self.kind = line[1:]
            self.name = self.kind.rpartition(".")[2].lstrip("*")
            self.json, self.optional = "", False
            return
        head, _, self.kind = line.partition(" ")
        self.optional = head.endswith("?")
        self.name, equals, json = head.rstrip("?").partition("=")
        self.json = ("" if json == "-" else json) if equals else self.name


_known: dict[str, list[_Field]] = {}


def fields(kind: str) -> list[_Field]:
    """The fields of a struct type."""
    if kind not in _known:
        start = TYPES.index(f"\n{kind}\n") + len(kind) + 2
        found: list[_Field] = []
        for line in TYPES[start:].split("\n"):
            if not line.startswith(" "):
                break
            found += [_Field(field.strip()) for field in line.split(";") if field.strip()]
        _known[kind] = found
    return _known[kind]


def decode(kind: str, value: Any) -> Any:
    """`value`, decoded JSON, as the Go type `kind`; what is missing is the type's zero value."""
    if kind.startswith("*"):
        if value is None:
            return Nil(kind)
        inner = decode(kind[1:], value)
        if isinstance(inner, Struct):
            inner.pointer = True
        return inner
    if kind.startswith("[]"):
        element = kind[2:]
        return Nil(kind) if value is None else Slice([decode(element, item) for item in value], kind, element)
    if kind.startswith("map["):
        key, _, element = kind[4:].partition("]")
        if value is None:
            return Nil(kind)
        return Map({name: decode(element, item) for name, item in value.items()}, kind, element, key)
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string":
        return "" if value is None else str(value)
    if kind == "bool":
        return bool(value)
    if kind in _TEXTS:
        text = Text(value or "")
        text.kind = kind
        return text
    if kind in _NUMBERS:
        number = Integer(value or 0)
        number.kind = kind
        return number
    if kind == "time.Time":
        return Time(value or "0001-01-01T00:00:00Z")
    if kind == "time.Duration":
        return Duration(value or 0)
    if kind == "any":
        return value
    return _struct(kind, value if isinstance(value, dict) else {})


def _struct(kind: str, value: dict[str, Any]) -> Struct:
    made = Struct(kind, False)
    if kind == "struct{}":
        return made
    for field in fields(kind):
        if field.embedded:
            made.promoted.append(field.name)
            made.fields[field.name] = decode(field.kind, value)
            continue
        made.fields[field.name] = decode(field.kind, value.get(field.json) if field.json else None)
        made.names[field.name] = field.json
        if field.optional:
            made.optional.add(field.name)
    return made
