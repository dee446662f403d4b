"""The functions of templates: Go's own and those that Docker adds.  Called by `execute`.

`SIGNATURES` gives the types of parameters where Go checks them; "..." marks a variadic last one.  A FunctionError is
what Go returns as the call's error.
"""

from __future__ import annotations

from pydock.cli.template.encoding import encode
from pydock.cli.template.printing import show, sprintf, type_name
from pydock.cli.template.values import Nil, Number, Slice, Struct, Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class FunctionError(Exception):
    """A function can't do what it is asked."""


def _index(item: Any, *keys: Any) -> Any:
    for key in keys:
        if item is None or (isinstance(item, Nil) and not item.kind.startswith(("map[", "[]"))):
            raise FunctionError("index of untyped nil" if item is None else "index of nil pointer")
        if isinstance(item, Nil):
            if item.kind.startswith("map["):
                item = zero(item.kind.partition("]")[2])
                continue
            item = _element([], key)
            continue
        if isinstance(item, dict):
            item = _entry(item, key)
        elif isinstance(item, list | tuple | str) and not isinstance(item, Number):
            item = _element(item, key)
        else:
            raise FunctionError(f"can't index item of type {type_name(item)}")
    return item


def _entry(item: dict[Any, Any], key: Any) -> Any:
    wanted = getattr(item, "key", "string")
    if key is None:
        raise FunctionError("value is nil; should be of type " + wanted)
    if wanted != "string" or not isinstance(key, str):
        raise FunctionError(f"value has type {type_name(key)}; should be {wanted}")
    if key in item:
        return item[key]
    return zero(getattr(item, "element", "interface {}"))


def _element(item: Any, key: Any) -> Any:
    if isinstance(key, bool) or not isinstance(key, int):
        if key is None:
            raise FunctionError("cannot index slice/array with nil")
        raise FunctionError(f"cannot index slice/array with type {type_name(key)}")
    data = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
    if key == len(data):  # Go's own check lets the end pass, and taking what is there fails
        raise FunctionError(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
    if not 0 <= key < len(data):
        raise FunctionError(f"index out of range: {key}")
    return data[key]


def zero(kind: str) -> Any:
    """The zero value of a type."""
    if kind == "string":
        return ""
    if kind == "bool":
        return False
    if kind == "struct {}":
        return Struct(kind, False)
    if kind.startswith(("map[", "[]", "*")):
        return Nil(kind)
    if kind in ("int", "int64", "uint64", "uint16", "float64"):
        return 0
    return None


def _slice(item: Any, *bounds: Any) -> Any:
    if item is None:
        raise FunctionError("slice of untyped nil")
    if len(bounds) > 3:
        raise FunctionError(f"too many slice indexes: {len(bounds)}")
    if isinstance(item, str):
        if len(bounds) == 3:
            raise FunctionError("cannot 3-index slice a string")
    elif not isinstance(item, list | tuple):
        raise FunctionError(f"can't slice item of type {type_name(item)}")
    data = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
    places = [0, len(data), len(data)]
    for number, bound in enumerate(bounds):
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise FunctionError(f"cannot index slice/array with type {type_name(bound)}")
        if not 0 <= bound <= len(data):
            raise FunctionError(f"index out of range: {bound}")
        places[number] = bound
    if places[0] > places[1]:
        raise FunctionError(f"invalid slice index: {places[0]} > {places[1]}")
    part = data[places[0] : places[1]]
    if isinstance(part, bytes):
        return part.decode("utf-8", "surrogateescape")
    return Slice(list(part), item.kind, item.element) if isinstance(item, Slice) else part


def _len(item: Any) -> int:
    if item is None:
        raise FunctionError("len of untyped nil")
    if isinstance(item, str):
        return len(item.encode("utf-8", "surrogateescape"))
    if isinstance(item, dict | list | tuple) or (isinstance(item, Nil) and item.kind.startswith(("map[", "[]"))):
        return len(item)
    if isinstance(item, Nil):
        raise FunctionError("len of nil pointer")
    raise FunctionError(f"len of type {type_name(item).removeprefix('*')}")


def _basic(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return ""


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise FunctionError("missing argument for comparison")
    for other in others:
        kinds = _basic(first), _basic(other)
        if kinds[0] != kinds[1] and all(kinds):
            raise FunctionError(_incompatible(first, other))
        if not any(kinds):
            if isinstance(first, dict | list) and isinstance(other, dict | list):
                raise FunctionError(f"non-comparable type {show(first)}: {type_name(first)}")
            same = first is other or (_is_nil(first) and _is_nil(other))
        elif not all(kinds):
            if not (_is_nil(first) or _is_nil(other)):
                raise FunctionError(_incompatible(first, other))
            same = False
        else:
            same = first == other
        if same:
            return True
    return False


def _incompatible(first: Any, second: Any) -> str:
    return f"incompatible types for comparison: {type_name(first)} and {type_name(second)}"


def _is_nil(value: Any) -> bool:
    return value is None or isinstance(value, Nil)


def _ne(first: Any, second: Any) -> bool:
    return not _eq(first, second)


def _lt(first: Any, second: Any) -> bool:
    kinds = _basic(first), _basic(second)
    if not all(kinds) or "bool" in kinds:
        raise FunctionError("invalid type for comparison")
    if kinds[0] != kinds[1]:
        raise FunctionError(_incompatible(first, second))
    return bool(first < second)


def _le(first: Any, second: Any) -> bool:
    return _lt(first, second) or _eq(first, second)


def _gt(first: Any, second: Any) -> bool:
    return not _le(first, second)


def _ge(first: Any, second: Any) -> bool:
    return not _lt(first, second)


def _print(*values: Any) -> str:
    out: list[str] = []
    for number, value in enumerate(values):
        # fmt.Sprint: a blank between operands when neither is a string
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            out.append(" ")
        out.append(show(value))
    return "".join(out)


def _println(*values: Any) -> str:
    return " ".join(show(value) for value in values) + "\n"


def _html(*values: Any) -> str:
    text = _print(*values)
    table = (("&", "&amp;"), ("'", "&#39;"), ('"', "&#34;"), ("<", "&lt;"), (">", "&gt;"), ("\0", "\ufffd"))
    for char, entity in table:
        text = text.replace(char, entity)
    return text


def _js(*values: Any) -> str:
    plain = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
    out: list[str] = []
    for char in _print(*values):
        code = f"\\u{ord(char):04X}" if char < " " or not char.isprintable() else char
        out.append(plain.get(char, code))
    return "".join(out)


def _urlquery(*values: Any) -> str:
    from pydock.client.engine import quote

    return quote(_print(*values), " ").replace(" ", "+")


def _split(text: str, separator: str) -> Slice:
    parts = text.split(separator) if separator else list(text)
    return Slice(list(parts), "[]string", "string")


def _title(text: str) -> str:
    out: list[str] = []
    before = " "
    for char in text:
        out.append(char if before == "_" or before.isalnum() else char.upper())
        before = char
    return "".join(out)


def _pad(text: str, before: int, after: int) -> str:
    return " " * before + text + " " * after if text else text


def _truncate(text: str, length: int) -> str:
    data = text.encode("utf-8", "surrogateescape")
    if length < 0:
        raise FunctionError(f"runtime error: slice bounds out of range [:{length}]")
    return text if len(data) < length else data[:length].decode("utf-8", "surrogateescape")


def _call(function: Any, *arguments: Any) -> Any:
    raise FunctionError("call of nil")


def _not(value: Any) -> bool:
    from pydock.cli.template.values import is_true

    return not is_true(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "eq": _eq,
    "ge": _ge,
    "gt": _gt,
    "html": _html,
    "index": _index,
    "js": _js,
    "json": encode,
    "join": lambda items, separator: separator.join(items),
    "le": _le,
    "len": _len,
    "lower": str.lower,
    "lt": _lt,
    "ne": _ne,
    "not": _not,
    "pad": _pad,
    "print": _print,
    "printf": lambda pattern, *values: sprintf(pattern, list(values)),
    "println": _println,
    "slice": _slice,
    "split": _split,
    "title": _title,
    "truncate": _truncate,
    "upper": str.upper,
    "urlquery": _urlquery,
}
#: names that `execute` treats itself, because they don't evaluate all of their arguments
LAZY = ("and", "or")
NAMES = frozenset((*FUNCTIONS, *LAZY))

SIGNATURES: dict[str, tuple[str, ...]] = {
    "call": ("any", "..."),
    "eq": ("any", "..."),
    "ge": ("any", "any"),
    "gt": ("any", "any"),
    "html": ("...",),
    "index": ("any", "..."),
    "js": ("...",),
    "json": ("any",),
    "join": ("[]string", "string"),
    "le": ("any", "any"),
    "len": ("any",),
    "lower": ("string",),
    "lt": ("any", "any"),
    "ne": ("any", "any"),
    "not": ("any",),
    "pad": ("string", "int", "int"),
    "print": ("...",),
    "printf": ("string", "..."),
    "println": ("...",),
    "slice": ("any", "..."),
    "split": ("string", "string"),
    "title": ("string",),
    "truncate": ("string", "int"),
    "upper": ("string",),
    "urlquery": ("...",),
}
#: over a header row, these leave the column's name as it is, and take nothing but text for it
HEADER_SIGNATURES: dict[str, tuple[str, ...]] = {
    "join": ("string", "string"),
    "json": ("string",),
    "lower": ("string",),
    "split": ("string", "string"),
    "title": ("string",),
    "truncate": ("string", "int"),
    "upper": ("string",),
}
HEADER_FUNCTIONS: dict[str, Callable[..., Any]] = dict.fromkeys(HEADER_SIGNATURES, lambda text, *rest: text)


def fits(value: Any, kind: str) -> bool:
    """Whether Go would take `value` for a parameter of that type."""
    if kind in ("any", "..."):
        return True
    if kind == "string":
        return isinstance(value, str) and not isinstance(value, Number | Text)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    return (isinstance(value, Slice) and value.element == "string") or (
        isinstance(value, Nil) and value.kind == "[]string"
    )
