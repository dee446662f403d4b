"""One image as the API shows it, and the steps that it was made by.

Used by the image service; works on values that it is given.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydock.daemon.images import naming
from pydock.daemon.images.listing import moment
from pydock.daemon.moments import SECOND, format_rfc3339
from pydock.imagestore import digest as digests
from pydock.imagestore import times
from pydock.imagestore.images import Image

#: what the API shows of an image's ``config``; those with a default always
_CONFIG_DEFAULTS: Final[Mapping[str, Any]] = {
    "Cmd": None,
    "Entrypoint": None,
    "Env": None,
    "Labels": None,
    "OnBuild": None,
    "User": "",
    "Volumes": None,
    "WorkingDir": "",
}
_CONFIG_OPTIONAL: Final = ("ArgsEscaped", "ExposedPorts", "Healthcheck", "Shell", "StopSignal")
_NEVER: Final = "0001-01-01T00:00:00Z"


def inspect(image: Image, config: Mapping[str, Any], names: Sequence[str], directory: str) -> dict[str, Any]:
    """``GET /images/{name}/json`` in API 1.50; `directory` is that of the topmost layer, "" for none."""
    tags, with_digest = naming.split(list(names))
    history = config.get("history") or [{}]
    shown: dict[str, Any] = {
        "Id": image.id,
        "RepoTags": tags,
        "RepoDigests": with_digest,
        "Parent": image.parent,
        "Comment": config.get("comment") or history[-1].get("comment") or "",
        "Created": times.parse(image.created).text if image.created else "",
        "DockerVersion": config.get("docker_version") or "",
        "Author": config.get("author") or "",
        "Architecture": image.architecture,
        "Variant": image.variant,
        "Os": image.os,
        "OsVersion": config.get("os.version") or "",
        "Size": image.size,
        "GraphDriver": {"Data": _graph_driver(directory), "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": list(image.diff_ids)},
        "Metadata": {"LastTagTime": format_rfc3339(image.tagged_at) if image.tagged_at else _NEVER},
        "Config": run_config(config),
    }
    for key in ("Variant", "OsVersion", "Created"):
        if not shown[key]:
            del shown[key]
    if not image.diff_ids:
        del shown["RootFS"]["Layers"]
    return shown


def run_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The ``config`` section, as the API shows it from 1.50 on."""
    section = config.get("config") or {}
    shown: dict[str, Any] = {key: section.get(key) or default for key, default in _CONFIG_DEFAULTS.items()}
    shown.update({key: section[key] for key in _CONFIG_OPTIONAL if section.get(key)})
    return dict(sorted(shown.items()))


def history(
    image: Image,
    config: Mapping[str, Any],
    layer_size: Callable[[str], int],
    parent_of: Callable[[str], Image | None],
    tags: Callable[[str], list[str]],
) -> list[dict[str, Any]]:
    """``GET /images/{name}/history``: the steps, the last first; IDs and tags for as far as parents are here."""
    chains = iter(digests.chain_ids(image.diff_ids))
    rows: list[dict[str, Any]] = []
    for entry in config.get("history") or ():
        made = moment(entry.get("created") or "")
        rows.append(
            {
                "Comment": entry.get("comment") or "",
                "Created": made // SECOND if made is not None else 0,
                "CreatedBy": entry.get("created_by") or "",
                "Id": "<missing>",
                "Size": 0 if entry.get("empty_layer") else layer_size(next(chains)),
                "Tags": None,
            }
        )
    rows.reverse()
    step: Image | None = image
    for row in rows:
        if step is None:
            break
        row["Id"] = step.id
        row["Tags"] = tags(step.id) or None
        step = parent_of(step.id)
    return rows


def _graph_driver(directory: str) -> dict[str, str] | None:
    if not directory:
        return None
    return {name: f"{directory}/{part}" for name, part in _PARTS}


_PARTS: Final = (("MergedDir", "merged"), ("UpperDir", "diff"), ("WorkDir", "work"))
