"""Fields of a network's create request, each of the type that it must have.  Called by `request` and `pools`."""

from collections.abc import Mapping
from typing import Any

from pydock.errors import InvalidParameter


def field(request: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """`key` of the request, or the kind's empty value."""
    value = request.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise InvalidParameter(f"invalid JSON: {key} has a wrong type")
    return value


def strings(request: Mapping[str, Any], key: str) -> dict[str, str]:
    """A map of strings, empty where there is none."""
    value = field(request, key, dict)
    if not all(isinstance(one, str) for one in value.values()):
        raise InvalidParameter(f"invalid JSON: {key} has a wrong type")
    return value  # type: ignore[no-any-return]
