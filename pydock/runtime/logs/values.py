"""How option values are written: sizes such as 10m, truth values as Go reads them.  Pure."""

import re

from pydock.errors import InvalidParameter

_LARGEST = (1 << 63) - 1
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_SUFFIX = re.compile(r"b?|([kmgtp])(i?b)?", re.IGNORECASE)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def size(text: str, unit: int) -> int:
    """A human size such as ``10m`` in bytes; a kilobyte has `unit` of them."""
    last = max(text.rfind(sign) for sign in "0123456789. ")
    number, suffix = text[: last + 1], text[last + 1 :]
    if last < 0:
        raise InvalidParameter(f"invalid size: '{text}'")
    if number.endswith(" "):
        number = number[:-1]
    if not _NUMBER.fullmatch(number):
        raise InvalidParameter(f'strconv.ParseFloat: parsing "{number}": invalid syntax')
    value = float(number)
    if value < 0:
        raise InvalidParameter(f"invalid size: '{text}'")
    match = _SUFFIX.fullmatch(suffix)
    if not match:
        raise InvalidParameter(f"invalid suffix: '{suffix}'")
    power = " kmgtp".index(match[1].lower()) if match[1] else 0
    return int(min(value * unit**power, _LARGEST))


def integer(text: str) -> int:
    """A number as Go's strconv.Atoi reads it."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise InvalidParameter(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if len(text) > 20 or not -_LARGEST - 1 <= int(text) <= _LARGEST:
        raise InvalidParameter(f'strconv.Atoi: parsing "{text}": value out of range')
    return int(text)


def boolean(text: str) -> bool:
    """A truth value as Go's strconv.ParseBool reads it."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidParameter(f'strconv.ParseBool: parsing "{text}": invalid syntax')
