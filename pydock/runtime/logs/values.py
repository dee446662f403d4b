"""How option values are written: sizes such as 10m, truth values as Go reads them.  Pure."""

import re

from pydock.errors import InvalidParameter

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def size(text: str, unit: int) -> int:
    """A human size such as ``10m`` in bytes; a kilobyte has `unit` of them."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise InvalidParameter(f"invalid size: '{text}'")
    power = "bkmgtp".index(match[2].lower()) if match[2] else 0
    return int(float(match[1]) * unit**power)


def boolean(text: str) -> bool:
    """A truth value as Go's strconv.ParseBool reads it."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidParameter(f'strconv.ParseBool: parsing "{text}": invalid syntax')
