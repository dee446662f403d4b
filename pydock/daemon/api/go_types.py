"""What Go's JSON decoder says of a value that has not the type of the field that it is for.

`go_json` describes the wire models by these types.  A body that a model has refused is gone through once more in its
own order, as Go tells of the first mistake.  The words are those of encoding/json since Go 1.27, which calls a place as
the body calls it.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_WHOLE: Final = re.compile(r"-?[0-9]{1,20}")


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """What stands in an object, in its order."""

    __slots__ = ()


def first_value(data: bytes) -> Any:
    """The JSON value that `data` begins with, as `Type.mistake` takes it; ValueError where there is none."""
    decoder = json.JSONDecoder(object_pairs_hook=Members, parse_int=Number, parse_float=Number)
    return decoder.raw_decode(data.decode().lstrip())[0]


@dataclass(frozen=True, slots=True)
class Type(ABC):
    """A type by its name in Go."""

    name: str

    def mistake(self, value: Any, path: str) -> str:
        """The first thing in `value` that cannot be decoded, "" where all can.  null can always.

        `path` begins with what the outermost struct is called, "" for nothing.
        """
        if value is None:
            return ""
        return self._inside(value, path) if self._fits(value) else _cannot(_kind(value), path, self.name)

    @abstractmethod
    def _fits(self, value: Any) -> bool:
        """Whether it is the right kind of value."""

    def _inside(self, value: Any, path: str) -> str:
        """What is wrong within a value of the right kind."""
        return ""


@dataclass(frozen=True, slots=True)
class Anything(Type):
    """interface{}, or what is not looked into."""

    def _fits(self, value: Any) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Text(Type):
    """A string."""

    def _fits(self, value: Any) -> bool:
        return isinstance(value, str) and not isinstance(value, Number)


@dataclass(frozen=True, slots=True)
class Switch(Type):
    """A boolean."""

    def _fits(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Whole(Type):
    """An integer of so many bits."""

    bits: int
    signed: bool = True

    def _fits(self, value: Any) -> bool:
        return isinstance(value, Number)

    def _inside(self, value: Any, path: str) -> str:
        low, high = (-1 << self.bits - 1, (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)
        is_whole = _WHOLE.fullmatch(value) and (self.signed or value[0] != "-") and low <= int(value) <= high
        return "" if is_whole else _cannot(f"number {value}", path, self.name)


@dataclass(frozen=True, slots=True)
class Many(Type):
    """A slice, or an array that takes the first `length` values."""

    element: Type
    length: int | None = None

    def _fits(self, value: Any) -> bool:
        return isinstance(value, list) and not isinstance(value, Members)

    def _inside(self, value: Any, path: str) -> str:
        return _first(self.element.mistake(one, f"{path}.{at}") for at, one in enumerate(value[: self.length]))


@dataclass(frozen=True, slots=True)
class Words(Many):
    """A list of strings that can be one string.  It decodes itself, so that a mistake has no place."""

    def _fits(self, value: Any) -> bool:
        return True

    def _inside(self, value: Any, path: str) -> str:
        if Many._fits(self, value) and not Many._inside(self, value, path):
            return ""
        return self.element.mistake(value, "")


@dataclass(frozen=True, slots=True)
class Map(Type):
    """A map whose keys are strings."""

    element: Type

    def _fits(self, value: Any) -> bool:
        return isinstance(value, Members)

    def _inside(self, value: Any, path: str) -> str:
        return _first(self.element.mistake(one, f"{path}.{_token(key)}") for key, one in value)


@dataclass(frozen=True, slots=True)
class Struct(Type):
    """A struct; `find` gives the type of a key, None for one that is passed over."""

    find: Callable[[str], Type | None]

    def _fits(self, value: Any) -> bool:
        return isinstance(value, Members)

    def _inside(self, value: Any, path: str) -> str:
        found = ((self.find(key), key, one) for key, one in value)
        return _first(kind.mistake(one, f"{path}.{_token(key)}") for kind, key, one in found if kind is not None)


def by_name(types: Mapping[str, Type]) -> Callable[[str], Type | None]:
    """How a struct with fields of these `types` finds them: whatever the case of the key is."""
    folded = {name.lower(): kind for name, kind in types.items()}
    return lambda key: types.get(key) or folded.get(key.lower())


def _first(mistakes: Iterable[str]) -> str:
    return next((mistake for mistake in mistakes if mistake), "")


def _token(key: str) -> str:
    """A key as a JSON pointer has it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _kind(value: Any) -> str:
    for kind, types in (("bool", bool), ("number", Number), ("string", str), ("object", Members)):
        if isinstance(value, types):
            return kind
    return "array"


def _cannot(what: str, path: str, name: str) -> str:
    if "." not in path:
        return f"json: cannot unmarshal {what} into Go value of type {name}"
    last = path.rpartition(".")[2]
    where = path if last.isascii() and last.isdigit() else f"Go struct field {path}"  # it looks like a list's
    return f"json: cannot unmarshal {what} into {where} of type {name}"
