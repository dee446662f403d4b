"""Archives of engines before 1.10: ``repositories`` names layers, each with a ``json`` that names its parent.

Configs as images have them now are made of those.  Used by `archive_plan`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydock.errors import InvalidParameter
from pydock.imagestore import image_config

_DROPPED: Final = frozenset(("id", "parent", "parent_id", "layer_id", "Size", "throwaway", "layers"))
_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LegacyImage:
    """An image with the config that was made for it; ``layers`` are members of the archive, the lowest first."""

    config: bytes
    layers: tuple[str, ...]
    names: tuple[str, ...]


def images(read: Callable[[str], bytes], diff_id: Callable[[str], str]) -> Iterator[LegacyImage]:
    """Yield the images that ``repositories`` names; `diff_id` tells the one of an unpacked member."""
    for top, names in _named(read).items():
        chain = _chain(top, read)
        layers = tuple(f"{layer_id}/layer.tar" for layer_id, _ in chain)
        config = {key: value for key, value in chain[-1][1].items() if key not in _DROPPED}
        config["rootfs"] = {"type": "layers", "diff_ids": [diff_id(layer) for layer in layers]}
        config["history"] = [_history(layer) for _, layer in chain]
        yield LegacyImage(json.dumps(config, separators=(",", ":")).encode(), layers, tuple(names))


def _named(read: Callable[[str], bytes]) -> dict[str, list[str]]:
    """The names of each image."""
    repositories = image_config.parse_json(read("repositories"), "invalid archive: repositories")
    if not isinstance(repositories, dict):
        raise InvalidParameter("invalid archive: repositories is no object")
    found: dict[str, list[str]] = {}
    for repository, tags in repositories.items():
        if not isinstance(tags, dict):
            raise InvalidParameter("invalid archive: repositories without tags")
        for tag, top in tags.items():
            found.setdefault(_layer_id(top), []).append(f"{repository}:{tag}")
    return found


def _chain(top: str, read: Callable[[str], bytes]) -> list[tuple[str, dict[str, Any]]]:
    """The layers from the lowest to `top`, each with its ``json``."""
    chain: list[tuple[str, dict[str, Any]]] = []
    layer_id: str | None = top
    while layer_id:
        value = image_config.parse_json(read(f"{_layer_id(layer_id)}/json"), "invalid archive: layer")
        if not isinstance(value, dict):
            raise InvalidParameter(f"invalid archive: layer {layer_id}")
        chain.append((layer_id, value))
        if len(chain) > image_config.MAX_LAYERS:
            raise InvalidParameter("max depth exceeded")
        layer_id = value.get("parent")
    return chain[::-1]


def _layer_id(value: Any) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise InvalidParameter(f"invalid archive: layer ID {str(value)[:100]!r}")
    return value


def _history(layer: Mapping[str, Any]) -> dict[str, Any]:
    made_by = layer.get("container_config")
    command = made_by.get("Cmd") if isinstance(made_by, dict) else None
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    entry = {
        "created": layer.get("created"),
        "author": layer.get("author"),
        "created_by": " ".join(words),
        "comment": layer.get("comment"),
    }
    return {key: value for key, value in entry.items() if value}
