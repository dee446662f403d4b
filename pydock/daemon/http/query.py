"""The query string of a request, read as Docker reads it.

Made by the connection, used by every route.
"""

import json
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote_to_bytes

from pydock.errors import InvalidParameter

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FALSE = frozenset(("", "0", "no", "false", "none"))
_INT64 = 1 << 63


def unescape(text: str, plus: bool = False) -> str:
    """Undo the percent-encoding of `text`; refuse a broken escape and bytes that are no UTF-8."""
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    if bad := _BAD_ESCAPE.search(text):
        raise InvalidParameter(f'invalid URL escape "{bad.group()}"')
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameter("invalid URL escape: not UTF-8") from None


class Query:
    """The parameters of a query string; a name may come several times."""

    def __init__(self, text: str) -> None:
        self._values: dict[str, list[str]] = {}
        for pair in text.split("&"):
            if ";" in pair:
                raise InvalidParameter("invalid semicolon separator in query")
            if pair:
                name, _, value = pair.partition("=")
                self._values.setdefault(unescape(name, plus=True), []).append(unescape(value, plus=True))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """The first value of `name`; `default` where it is absent (an empty value stays empty)."""
        return self._values[name][0] if name in self._values else default

    def all(self, name: str) -> list[str]:
        """Every value of `name`, in order."""
        return list(self._values.get(name, ()))

    def flag(self, name: str, default: bool = False) -> bool:
        """`name` as a boolean: "", 0, no, false and none are false, whatever else is true."""
        if name not in self._values:
            return default
        return self._values[name][0].strip().lower() not in _FALSE

    def integer(self, name: str, default: int = 0) -> int:
        """`name` as a 64-bit integer; `default` where it is absent or empty."""
        value = self.text(name)
        if not value:
            return default
        if not _INTEGER.fullmatch(value):
            raise InvalidParameter(f'strconv.Atoi: parsing "{value}": invalid syntax')
        if len(value) > 20 or not -_INT64 <= int(value) < _INT64:
            raise InvalidParameter(f'strconv.Atoi: parsing "{value}": value out of range')
        return int(value)

    def moment(self, name: str) -> int | None:
        """`name` as seconds since the epoch, with a fraction or without, in nanoseconds; None where absent or empty."""
        text = self.text(name)
        if not text:
            return None
        seconds, dot, fraction = text.partition(".")
        for part in (seconds, fraction) if dot else (seconds,):
            if not _INTEGER.fullmatch(part) or len(part) > 18:
                problem = "value out of range" if _INTEGER.fullmatch(part) else "invalid syntax"
                raise InvalidParameter(f'strconv.ParseInt: parsing "{part[:100]}": {problem}')
        return int(seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0") if fraction else 0)

    def filters(self, accepted: Collection[str] | None = None, name: str = "filters") -> dict[str, list[str]]:
        """The JSON filters in `name`, in both of Docker's shapes; a key outside of `accepted` is refused."""
        text = self.text(name)
        if not text:
            return {}
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidParameter("invalid filter") from None
        filters = _filters(value)
        for key in filters:
            if accepted is not None and key not in accepted:
                raise InvalidParameter(f"invalid filter '{key}'" if key else "invalid filter")
        return filters


def _filters(value: Any) -> dict[str, list[str]]:
    """Read {"label": {"a": true}} (since API 1.22) or {"label": ["a"]}; the boolean means nothing, as in Docker."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParameter("invalid filter")
    filters: dict[str, list[str]] = {}
    if len({type(entries) for entries in value.values() if entries is not None}) > 1:
        raise InvalidParameter("invalid filter")  # it is the one shape or the other
    for key, entries in value.items():
        if isinstance(entries, dict) and all(isinstance(entry, bool) for entry in entries.values()):
            filters[key] = list(entries)
        elif isinstance(entries, list) and all(isinstance(entry, str) for entry in entries):
            filters[key] = list(dict.fromkeys(entries))
        elif entries is None:
            filters[key] = []
        else:
            raise InvalidParameter("invalid filter")
    return filters
