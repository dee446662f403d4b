"""Configs of images that are made here: of a bare root file system, of a container.

Pure; used by `importing` and `committing`.  The shape is Docker's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydock.daemon.config import VERSION
from pydock.daemon.moments import format_rfc3339
from pydock.imagestore.platforms import Platform

#: the diff ID of a tar without entries: such a layer is left out
EMPTY_LAYER: Final = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

_EMPTY_CONFIG: Final[Mapping[str, Any]] = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": "", "Volumes": None,
    "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": None,
}  # fmt: skip
_HEALTH_KEYS: Final = ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
#: what a child keeps of its parent's config
_INHERITED: Final = ("architecture", "variant", "os", "os.version", "os.features")


@dataclass(frozen=True, slots=True)
class Note:
    """What a commit says about itself."""

    author: str = ""
    comment: str = ""
    created_by: str = ""


def imported(platform: Platform, config: Mapping[str, Any], diff_id: str, comment: str, now: int) -> bytes:
    """The config of an image that is one layer."""
    created = format_rfc3339(now)
    value = {
        "architecture": platform.architecture,
        "variant": platform.variant,
        "comment": comment,
        "config": {**_EMPTY_CONFIG, **config},
        "container_config": _EMPTY_CONFIG,
        "created": created,
        "docker_version": VERSION,
        "history": [_without_empty({"created": created, "comment": comment})],
        "os": platform.os,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }
    return _encode(value)


def committed(
    parent: Mapping[str, Any],
    container_id: str,
    container_config: Mapping[str, Any],
    config: Mapping[str, Any],
    diff_id: str,
    note: Note,
    now: int,
) -> bytes:
    """The config of an image that is `parent` (a config) and a container's changes, ``EMPTY_LAYER`` for none."""
    created = format_rfc3339(now)
    empty = diff_id == EMPTY_LAYER
    step = {
        "created": created,
        "created_by": note.created_by,
        "author": note.author,
        "comment": note.comment,
        "empty_layer": empty,
    }
    diff_ids = list((parent.get("rootfs") or {}).get("diff_ids") or ())
    value = {
        **{key: parent[key] for key in _INHERITED if parent.get(key)},
        "author": note.author,
        "config": {**_EMPTY_CONFIG, **config},
        "container": container_id,
        "container_config": {**_EMPTY_CONFIG, **container_config},
        "created": created,
        "docker_version": VERSION,
        "history": [*(parent.get("history") or ()), _without_empty(step)],
        "rootfs": {"type": "layers", "diff_ids": diff_ids if empty else [*diff_ids, diff_id]},
    }
    return _encode(value)


def merged(config: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with what it leaves open filled in from `base` (the container's own), as Docker does it."""
    result = dict(config)
    for key in ("User", "WorkingDir", "StopSignal"):
        result[key] = config.get(key) or base.get(key) or ""
    for key in ("ExposedPorts", "Volumes", "Labels"):
        result[key] = {**(base.get(key) or {}), **(config.get(key) or {})} or ({} if key == "Labels" else None)
    names = {entry.partition("=")[0] for entry in config.get("Env") or ()}
    rest = [entry for entry in base.get("Env") or () if entry.partition("=")[0] not in names]
    result["Env"] = [*(config.get("Env") or ()), *rest] or None
    if not config.get("Entrypoint"):
        result["Cmd"] = config.get("Cmd") or base.get("Cmd")
        if config.get("Entrypoint") is None:
            result["Entrypoint"] = base.get("Entrypoint")
    result["Healthcheck"] = _merged_health(config.get("Healthcheck"), base.get("Healthcheck"))
    for key in ("StopSignal", "ExposedPorts", "Healthcheck"):
        if not result[key]:
            del result[key]
    return result


def _merged_health(check: Mapping[str, Any] | None, base: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check or not base:
        return dict(check or base or {}) or None
    return {key: value for key in _HEALTH_KEYS if (value := check.get(key) or base.get(key))}


def _without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry for key, entry in value.items() if entry}


def _encode(value: Mapping[str, Any]) -> bytes:
    kept: Sequence[str] = ("architecture", "config", "created", "history", "os", "rootfs", "container_config")
    shown = {key: entry for key, entry in sorted(value.items()) if entry or key in kept}
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
