"""What templates work on: JSON values, typed values of the Go API, and rows of tables.

Go's templates see types: a missing entry of a map[string]string is "", a nil slice prints as [], a field that a struct
lacks is an error.  `schema` makes typed values; rows are made by the formatters.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Dict = dict[str, Any]
    _List = list[Any]
    _Strings = dict[str, str]
else:
    _Dict, _List, _Strings = dict, list, dict

#: what a look-up gives where there is nothing: printed as <no value>
NO_VALUE = None


class Number(str):
    """A number of untyped JSON, kept as it was written (json.Number)."""

    __slots__ = ()
    kind = "json.Number"


class Text(str):
    """A text with a Go type of its own, which no function takes for a string."""

    kind = "string"


class Integer(int):
    """A number with a Go type of its own (int64, uint16 ...), which shows in error messages only."""

    kind = "int64"


class Nil:
    """A typed nil: pointer, slice or map."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


class Map(_Dict):
    """A map with an element type; `key` is "string" unless the key has a type of its own."""

    __slots__ = ("element", "key", "kind")

    def __init__(self, items: dict[str, Any], kind: str, element: str, key: str = "string") -> None:
        super().__init__(items)
        self.kind = kind
        self.element = element
        self.key = key


class Slice(_List):
    """A slice with an element type."""

    __slots__ = ("element", "kind")

    def __init__(self, items: list[Any], kind: str, element: str) -> None:
        super().__init__(items)
        self.kind = kind
        self.element = element


class Struct:
    """A struct of the Go API, or a pointer to one; `names` are its JSON names, None where a field is not encoded."""

    __slots__ = ("fields", "kind", "names", "optional", "pointer", "promoted")

    def __init__(self, kind: str, pointer: bool) -> None:
        self.kind = kind
        self.pointer = pointer
        self.fields: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.optional: set[str] = set()
        #: embedded structs, whose fields are this one's too
        self.promoted: list[str] = []

    def find(self, name: str) -> tuple[bool, Any]:
        """Whether there is a field of that name, and its value."""
        if name in self.fields:
            return True, self.fields[name]
        for inner in self.promoted:
            value = self.fields[inner]
            if isinstance(value, Struct):
                found, result = value.find(name)
                if found:
                    return found, result
        return False, None


class Row:
    """A row of a table: templates call its methods named in `columns`, and `methods` with arguments."""

    kind = "formatter.Row"
    pointer = True
    columns: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def method(self, name: str) -> Callable[..., Any] | None:
        """The method that templates know as `name`."""
        if name in self.columns or name in self.methods:
            method: Callable[..., Any] = getattr(self, name)
            return method
        return None

    def as_dict(self) -> dict[str, Any]:
        """All columns, as `{{json .}}` encodes them."""
        return {name: getattr(self, name)() for name in sorted(self.columns)}


class Header(_Strings):
    """The header row of a table: columns by name, and labels by the last part of theirs."""

    kind = "formatter.SubHeaderContext"
    pointer = False


def is_true(value: Any) -> bool:
    """Whether `if` takes `value` for true."""
    if isinstance(value, Struct | Row):
        return True
    return bool(value)
