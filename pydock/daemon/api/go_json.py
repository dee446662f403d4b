"""JSON objects as Go's decoder takes them and its encoder writes them: the base of the wire models.

Read: null means "not given", keys are found whatever their case, unknown ones are passed over, types are strict.
Written: the keys that Docker leaves out when they are empty (``OMITTED``) are left out.
"""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _text(value: object) -> object:
    return "" if value is None else value


def _words(value: object) -> object:
    """A list of words may be written as one text (an entrypoint from the old days)."""
    return [value] if isinstance(value, str) else value


def _nothing(value: object) -> object:
    """Go's struct{}: whatever stands in the object is passed over."""
    return {} if value is None or isinstance(value, dict) else value


#: text inside a list or map, where null is ""
Text = Annotated[str, BeforeValidator(_text)]
Words = Annotated[list[Text], BeforeValidator(_words)]
Nothing = Annotated[dict[str, Any], BeforeValidator(_nothing)]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
UInt16 = Annotated[int, Field(ge=0, le=2**16 - 1)]
UInt32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
UInt64 = Annotated[int, Field(ge=0, le=2**64 - 1)]


class GoObject(BaseModel):
    """A wire object."""

    model_config = ConfigDict(strict=True, extra="ignore")

    #: keys that are left out when empty (Go's omitempty)
    OMITTED: ClassVar[frozenset[str]] = frozenset()
    _folded: ClassVar[dict[str, str]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls._folded = {name.lower(): name for name in cls.model_fields}

    @model_validator(mode="before")
    @classmethod
    def _as_go_reads(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields, folded = cls.model_fields, cls._folded
        found = {}
        for key, item in value.items():
            name = key if key in fields else folded.get(key.lower())
            if name is not None and item is not None:
                found[name] = item
        return found

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
