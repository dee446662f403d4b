"""`{{json .}}`: values as Go's encoding/json writes them.  Called by the template functions and the list formatters."""

from __future__ import annotations

from pydock.cli.template.values import Nil, Number, Row, Struct
from pydock.client.json_text import dumps_go

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def encode(value: Any) -> str:
    """`value` on one line; rows escape <, > and & as json.Marshal does, other values don't."""
    if isinstance(value, Row):
        return escape_html(encode(value.as_dict()))
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, Nil):
        return "null"
    if isinstance(value, Struct):
        return "{" + ",".join(_members(value)) + "}"
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: str(item[0]))
        return "{" + ",".join(f"{dumps_go(str(key))}:{encode(item)}" for key, item in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(encode, value)) + "]"
    return dumps_go(value)


def _members(value: Struct) -> list[str]:
    members: list[str] = []
    for field, item in value.fields.items():
        if field in value.promoted:
            if isinstance(item, Struct):
                members += _members(item)
            continue
        name = value.names.get(field, "")
        if not name or (field in value.optional and _is_empty(item)):
            continue
        members.append(f"{dumps_go(name)}:{encode(item)}")
    return members


def _is_empty(item: Any) -> bool:
    return not isinstance(item, Struct) and not item


def escape_html(text: str) -> str:
    """`text` with the characters that HTML minds written as escapes."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
