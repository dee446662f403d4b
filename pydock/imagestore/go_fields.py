"""JSON objects as Go's decoder reads them: keys whatever their case, null for what was not given.

Used for what others wrote and Go programs take: image configs, the errors of registries.
"""

from collections.abc import Collection, Mapping
from typing import Any


def spelled(value: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """`value` with each key as in `names` that differs in case only; of several the last counts."""
    known = {name.lower(): name for name in names}
    return {known.get(key.lower(), key): item for key, item in value.items()}


def texts(value: Any) -> Any:
    """A list of texts, in which null is ""; anything else as it is."""
    return ["" if item is None else item for item in value] if isinstance(value, list) else value


def words(value: Any) -> Any:
    """A list of words, which may be written as one text."""
    return [value] if isinstance(value, str) else texts(value)


def text_map(value: Any) -> Any:
    """A map of texts, in which null is ""; anything else as it is."""
    return {key: "" if item is None else item for key, item in value.items()} if isinstance(value, dict) else value


def names(value: Any) -> Any:
    """A map whose keys alone count (Go's map[string]struct{}); anything else as it is."""
    if not isinstance(value, dict):
        return value
    return {key: {} if item is None or isinstance(item, dict) else item for key, item in value.items()}
