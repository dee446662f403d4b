"""JSON for the client, without the standard package's price.

Importing `json` loads `re` and what it needs: 5 ms, a quarter of a short command.  Its C scanner and string
encoder stand alone, and are all that requests and answers ask for.  Called by every module of the client.
"""

from _json import encode_basestring, encode_basestring_ascii, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLANK = " \t\r\n"
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class _Settings:
    """What the C scanner reads of a `json.JSONDecoder`."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__
    memo: "dict[str, str]" = {}  # noqa: RUF012


def _scanner(settings: "type[_Settings]") -> "Callable[[str, int], tuple[Any, int]]":
    scan: Callable[[str, int], tuple[Any, int]] = make_scanner(settings)  # type: ignore[arg-type]
    return scan


_scan = _scanner(_Settings)


def loads(text: "str | bytes") -> "Any":
    """The value that `text` holds; ValueError where it holds none, or more than one."""
    if isinstance(text, bytes | bytearray):
        text = text.decode("utf-8", "replace")
    value, end = scan(text, 0)
    if text[end:].strip(_BLANK):
        raise ValueError(f"invalid character {text[end:].lstrip(_BLANK)[0]!r} after top-level value")
    return value


def scan(text: str, start: int) -> "tuple[Any, int]":
    """The first value at or behind `start` and where it ends."""
    while start < len(text) and text[start] in _BLANK:
        start += 1
    try:
        return _scan(text, start)
    except StopIteration:
        raise ValueError("unexpected end of JSON input") from None
    except SystemError:  # the C scanner takes its error from json.decoder, and that was not imported
        raise ValueError("invalid JSON") from None


def dumps(value: "Any") -> str:
    """`value` on one line without blanks, in ASCII: how a request's body is written."""
    return _encode(value, encode_basestring_ascii)


def dumps_go(value: "Any") -> str:
    """`value` as Go's encoder writes it with SetEscapeHTML(false): UTF-8, no blanks."""
    return _encode(value, _go_string)


def _go_string(text: str) -> str:
    encoded = encode_basestring(text)
    if encoded.isprintable():
        return encoded
    return encoded.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x7f", "\x7f")


def _encode(value: "Any", string: "Callable[[str], str]") -> str:
    if isinstance(value, str):
        return string(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _go_float(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{string(str(key))}:{_encode(item, string)}" for key, item in value.items()]) + "}"
    return "[" + ",".join([_encode(item, string) for item in value]) + "]"


def _go_float(value: float) -> str:
    # encoding/json: 'f' unless the exponent is below -6 or at least 21, and then without a leading zero
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    if exponent and -7 < int(power) < 21:
        return f"{value:.20f}".rstrip("0")
    return f"{mantissa}e{int(power):+03d}".replace("e-0", "e-").replace("e+0", "e+") if exponent else text


def indent(text: str, step: str, prefix: str = "") -> str:
    """`text` spread over lines as Go's json.Indent does: what stands between the blanks stays as it is."""
    out: list[str] = []
    depth, index, end = 0, 0, len(text)
    while index < end:
        char = text[index]
        if char == '"':
            stop = string_end(text, index)
            out.append(text[index:stop])
            index = stop
            continue
        index += 1
        if char in _BLANK:
            continue
        if char in "{[":
            closing = _next(text, index)
            if closing < end and text[closing] in "}]":
                out.append(char + text[closing])
                index = closing + 1
                continue
            depth += 1
            out.append(char + "\n" + prefix + step * depth)
        elif char in "}]":
            depth -= 1
            out.append("\n" + prefix + step * depth + char)
        elif char == ",":
            out.append(",\n" + prefix + step * depth)
        elif char == ":":
            out.append(": ")
        else:
            out.append(char)
    return "".join(out)


def _next(text: str, index: int) -> int:
    while index < len(text) and text[index] in _BLANK:
        index += 1
    return index


def string_end(text: str, start: int) -> int:
    """Where the string that begins at `start` ends, its last quote included."""
    index = start + 1
    while True:
        quote = text.find('"', index)
        if quote < 0:
            raise ValueError("unexpected end of JSON input")
        slashes = 0
        while text[quote - 1 - slashes] == "\\":
            slashes += 1
        if slashes % 2 == 0:
            return quote + 1
        index = quote + 1
