"""JSON objects as Go's decoder takes them and its encoder writes them: the base of the wire models.

Read: null means "not given", keys are found whatever their case, unknown ones are passed over, types are strict, and
are called by their names in Go (``GO``, and what stands beside an annotation) where a value has a wrong one.
Written: the keys that Docker leaves out when they are empty (``OMITTED``) are left out.
"""

import types
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pydock.daemon.api import go_types
from pydock.daemon.api.go_types import Type


@dataclass(frozen=True, slots=True)
class Named:
    """Beside an annotation: the type's own name in Go, where it has one."""

    name: str


def _text(value: object) -> object:
    return "" if value is None else value


def _list(value: object) -> object:
    return [] if value is None else value


def _words(value: object) -> object:
    """A list of words may be written as one text (an entrypoint from the old days)."""
    return [value] if isinstance(value, str) else value


def _nothing(value: object) -> object:
    """Go's struct{}: whatever stands in the object is passed over."""
    return {} if value is None or isinstance(value, dict) else value


def _pair(value: object) -> object:
    """Go's [2]uint: what is missing is 0, what is too much is dropped."""
    return [0 if item is None else item for item in [*value, 0, 0][:2]] if isinstance(value, list) else value


_INT64 = Field(ge=-(2**63), le=2**63 - 1)
_STRING = go_types.Text("string")
#: text inside a list or map, where null is ""
Text = Annotated[str, BeforeValidator(_text)]
Names = list[Text] | None
Pairs = dict[str, Text] | None
#: a list inside a list
Texts = Annotated[list[Text], BeforeValidator(_list)]
Words = Annotated[list[Text], BeforeValidator(_words), go_types.Words("strslice.StrSlice", _STRING)]
Nothing = Annotated[dict[str, Any], BeforeValidator(_nothing), go_types.Struct("struct {}", lambda key: None)]
Int = Annotated[int, _INT64, go_types.Whole("int", 64)]
Int64 = Annotated[int, _INT64, go_types.Whole("int64", 64)]
Duration = Annotated[int, _INT64, go_types.Whole("time.Duration", 64)]
UInt16 = Annotated[int, Field(ge=0, le=2**16 - 1), go_types.Whole("uint16", 16, signed=False)]
FileMode = Annotated[int, Field(ge=0, le=2**32 - 1), go_types.Whole("fs.FileMode", 32, signed=False)]
UInt64 = Annotated[int, Field(ge=0, le=2**64 - 1), go_types.Whole("uint64", 64, signed=False)]
#: height and width of a terminal
Size = Annotated[
    list[UInt64],
    BeforeValidator(_pair),
    go_types.Many("[2]uint", go_types.Whole("uint", 64, signed=False), 2),
]


class GoObject(BaseModel):
    """A wire object."""

    model_config = ConfigDict(strict=True, extra="ignore")

    #: what the struct is called in Go
    GO: ClassVar[str] = ""
    #: whether Docker says so of a body: not where it decodes into an interface
    NAMED: ClassVar[bool] = True
    #: keys that are left out when empty (Go's omitempty)
    OMITTED: ClassVar[frozenset[str]] = frozenset()
    _folded: ClassVar[dict[str, str]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls._folded = {name.lower(): name for name in cls.model_fields}

    @model_validator(mode="before")
    @classmethod
    def _as_go_reads(cls, value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            return value
        fields, folded = cls.model_fields, cls._folded
        found = {}
        for key, item in value.items():
            name = key if key in fields else folded.get(key.lower())
            if name is not None and item is not None:
                found[name] = item
        return found

    @classmethod
    def mistyped(cls, data: bytes) -> str:
        """What Go says of the first value of a wrong type in a body, "" where there is none."""
        return _type_of(cls).mistake(go_types.first_value(data), cls.GO.rpartition(".")[2] if cls.NAMED else "")

    def wire(self) -> dict[str, Any]:
        """The object in plain values, its keys in Docker's order."""
        omitted = self.OMITTED
        return {
            name: _plain(value)
            for name, value in self.__dict__.items()
            if value or name not in omitted or isinstance(value, GoObject)
        }


def _plain(value: Any) -> Any:
    if isinstance(value, GoObject):
        return value.wire()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@cache
def _type_of(hint: Any) -> Type:
    """The type in Go that an annotation stands for."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        for beside in hint.__metadata__:
            if isinstance(beside, Type):
                return beside
            if isinstance(beside, Named):
                return replace(_type_of(arguments[0]), name=beside.name)
        return _type_of(arguments[0])
    if origin in (Union, types.UnionType):
        return _type_of(next(one for one in arguments if one is not type(None)))
    if origin is list:
        return go_types.Many(f"[]{_name_of(arguments[0])}", _type_of(arguments[0]))
    if origin is dict:
        return go_types.Map(f"map[string]{_name_of(arguments[1])}", _type_of(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, GoObject):
        fields = get_type_hints(hint, include_extras=True)
        return go_types.Struct(hint.GO, go_types.by_name({name: _type_of(fields[name]) for name in hint.model_fields}))
    if hint is str:
        return _STRING
    return go_types.Switch("bool") if hint is bool else go_types.Anything("interface {}")


def _name_of(hint: Any) -> str:
    """The name of what stands in a list or map, where that may be a pointer."""
    pointer = "*" if type(None) in get_args(hint) and get_origin(hint) in (Union, types.UnionType) else ""
    name = _type_of(hint).name
    return name if name.startswith("[]") else pointer + name
