"""How Go prints values (`%v`, `%q`, printf) and quotes text.  Called by the template engine and by formatters."""

from __future__ import annotations

from pydock.cli.template.values import Nil, Row, Struct
from pydock.go_text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}


def unquote(source: str) -> str:
    """The text of a quoted literal; ValueError where it is none."""
    if source[0] == "`":
        return source[1:-1].replace("\r", "")
    out: list[str] = []
    text = source[1:-1]
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char != "\\":
            out.append(char)
            continue
        code = text[index : index + 1]
        index += 1
        if code in _UNESCAPES and code:
            out.append(_UNESCAPES[code])
            continue
        size = {"x": 2, "u": 4, "U": 8}.get(code, 3)
        digits = text[index : index + size] if code in ("x", "u", "U") else text[index - 1 : index + 2]
        index += size if code in ("x", "u", "U") else 2
        if len(digits) != size:
            raise ValueError("invalid syntax")
        out.append(chr(int(digits, 16 if code in ("x", "u", "U") else 8)))
    return "".join(out)


def show(value: Any, depth: int = 0, plus: bool = False) -> str:
    """`value` as %v prints it; `plus`: as %+v."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Nil):
        return _nothing(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: _key(item[0]))
        return "map[" + " ".join(f"{show(k, depth + 1, plus)}:{show(v, depth + 1, plus)}" for k, v in items) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(show(item, depth + 1, plus) for item in value) + "]"
    if isinstance(value, Struct):
        if value.pointer and depth > 0:
            return f"0x{0xC000000000 + id(value) % (1 << 32):x}"
        items = [(name, show(item, depth + 1, plus)) for name, item in value.fields.items()]
        body = "{" + " ".join(f"{name}:{text}" if plus else text for name, text in items) + "}"
        return ("&" if value.pointer else "") + body
    if isinstance(value, Row):
        return show(value.as_dict(), depth, plus)
    return str(value)


def _nothing(value: Any) -> str:
    if isinstance(value, Nil):
        return "map[]" if value.kind.startswith("map[") else "[]" if value.kind.startswith("[]") else "<nil>"
    return "<nil>"


def _key(key: Any) -> Any:
    return key if isinstance(key, str) else str(key)


def float_text(value: float) -> str:
    """A float as %v prints it: the shortest digits, with an exponent below -4 and from 6 digits on."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if not value:
        return "-0" if str(value)[0] == "-" else "0"
    mantissa, _, power = f"{value:.16e}".partition("e")
    for digits in range(17):
        shorter, _, power = f"{value:.{digits}e}".partition("e")
        if float(f"{shorter}e{power}") == value:
            mantissa = shorter
            break
    exponent = int(power)
    if not -4 <= exponent < 6:
        return f"{mantissa}e{exponent:+03d}"
    return f"{value:.{max(len(mantissa.strip('-').replace('.', '')) - 1 - exponent, 0)}f}"


def sprintf(pattern: str, values: list[Any]) -> str:
    """fmt.Sprintf, with Go's words for what does not fit."""
    out: list[str] = []
    used = 0
    index = 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char != "%":
            out.append(char)
            continue
        start = index
        while index < len(pattern) and pattern[index] in "+-# 0":
            index += 1
        flags = pattern[start:index]
        width, index, used = _count(pattern, index, values, used)
        precision = None
        if pattern[index : index + 1] == ".":
            precision, index, used = _count(pattern, index + 1, values, used)
            precision = precision or 0
        verb = pattern[index : index + 1]
        index += 1
        if not verb:
            out.append("%!(NOVERB)")
        elif verb == "%":
            out.append("%")
        elif used >= len(values):
            out.append(f"%!{verb}(MISSING)")
        else:
            out.append(_pad(verb_text(verb, values[used], flags, precision), flags, width, values[used]))
            used += 1
    if used < len(values):
        extra = ", ".join(f"{type_name(v)}={show(v)}" for v in values[used:])
        out.append(f"%!(EXTRA {extra})")
    return "".join(out)


def _count(pattern: str, index: int, values: list[Any], used: int) -> tuple[int | None, int, int]:
    if pattern[index : index + 1] == "*":
        found = values[used] if used < len(values) and isinstance(values[used], int) else None
        return found, index + 1, used + 1
    start = index
    while index < len(pattern) and pattern[index].isdigit():
        index += 1
    return (int(pattern[start:index]) if index > start else None), index, used


def _pad(text: str, flags: str, width: int | None, value: Any) -> str:
    if width is None or len(text) >= abs(width):
        return text
    if "-" in flags or width < 0:
        return text.ljust(abs(width))
    if "0" in flags:
        sign = text[:1] if text[:1] in ("+", "-") and not isinstance(value, str) else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def verb_text(verb: str, value: Any, flags: str, precision: int | None) -> str:
    """One value as one verb of printf shows it."""
    if verb == "v":
        if "#" in flags:
            return quote(value) if isinstance(value, str) else show(value)
        return show(value, plus="+" in flags)
    if verb == "T":
        return type_name(value)
    if verb == "t" and isinstance(value, bool):
        return show(value)
    if isinstance(value, bool):
        return _bad(verb, value)
    if verb in "sqxX" and isinstance(value, str):
        return _string(verb, value, flags, precision)
    if verb in "dbobOxXcqU" and isinstance(value, int):
        return _integer(verb, value, flags)
    if verb in "feEgGF" and isinstance(value, float):
        return _float(verb, value, flags, precision)
    if verb in "sdqxXfeEgGt" and isinstance(value, list | tuple):
        return "[" + " ".join(verb_text(verb, item, flags, precision) for item in value) + "]"
    if verb in "sdqxXfeEgGt" and isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: _key(item[0]))
        pairs = [f"{verb_text(verb, k, flags, precision)}:{verb_text(verb, v, flags, precision)}" for k, v in items]
        return "map[" + " ".join(pairs) + "]"
    if verb in "sdq" and isinstance(value, Struct):
        inner = " ".join(verb_text(verb, item, flags, precision) for item in value.fields.values())
        return ("&" if value.pointer else "") + "{" + inner + "}"
    if verb in "sv" and isinstance(value, Row):
        return str(value)
    return _bad(verb, value)


def _bad(verb: str, value: Any) -> str:
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={show(value)})"


def _string(verb: str, value: str, flags: str, precision: int | None) -> str:
    if precision is not None:
        value = value[:precision]
    if verb == "s":
        return value
    if verb == "q":
        if "#" in flags and "`" not in value and value.isprintable():
            return f"`{value}`"
        return quote(value)
    text = value.encode("utf-8", "surrogateescape").hex()
    return text.upper() if verb == "X" else text


def _integer(verb: str, value: int, flags: str) -> str:
    if verb in "cq":
        char = chr(value) if 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
        return char if verb == "c" else quote(char, "'")
    if verb == "U":
        return f"U+{value:04X}"
    code = {"d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}[verb]
    sign = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
    prefix = "0o" if verb == "O" else {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(code, "") if "#" in flags else ""
    return sign + prefix + format(abs(value), code)


def _float(verb: str, value: float, flags: str, precision: int | None) -> str:
    sign = "+" if "+" in flags and value >= 0 else ""
    if verb in "gG" and precision is None:
        return sign + float_text(value)
    return sign + format(value, f".{6 if precision is None else precision}{'f' if verb == 'F' else verb}")


def type_name(value: Any) -> str:
    """The Go type of `value`."""
    if value is None:
        return "<nil>"
    kind = getattr(value, "kind", "")
    if kind:
        return ("*" if getattr(value, "pointer", False) else "") + str(kind)
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float64"
    return "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"
