"""`-v`, `--tmpfs` and `--mount`.  Called by `values` and `request` when one of them is given."""

import os

from pydock.cli.exits import Exit
from pydock.cli.quantities import ram_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FLAGS = {"volume-nocopy": ("VolumeOptions", "NoCopy"), "bind-nonrecursive": ("BindOptions", "NonRecursive")}
_RECURSIVE = {"enabled": "", "disabled": "NonRecursive", "writable": "ReadOnlyNonRecursive"}
_RECURSIVE["readonly"] = "ReadOnlyForceRecursive"
_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def fields(value: str) -> "list[str]":
    """The comma-separated fields of `value`, quotes as in CSV."""
    import csv

    _check_quotes(value)
    rows = list(csv.reader([value]))
    if not rows or not rows[0]:
        raise ValueError("EOF")
    return rows[0]


def _check_quotes(text: str) -> None:
    """Refuse what Go's reader of CSV refuses, in its words; columns count from one."""
    at = 0
    while at < len(text):
        if text[at] != '"':
            end = text.find(",", at) % (len(text) + 1)
            quote = text.find('"', at, end)
            if quote >= 0:
                raise ValueError(f'parse error on line 1, column {quote + 1}: bare " in non-quoted-field')
        else:
            end = text.find('"', at + 1) % (len(text) + 1)
            while text[end : end + 2] == '""':
                end = text.find('"', end + 2) % (len(text) + 1)
            if text[end + 1 : end + 2] not in ("", ",") or end == len(text):
                raise ValueError(f'parse error on line 1, column {end + 1}: extraneous or missing " in quoted-field')
            end += 1
        at = end + 1


def parse_mount(value: str) -> "dict[str, Any]":
    """The mount that a `--mount` value describes."""
    mount: dict[str, Any] = {"Type": "volume"}
    for field in fields(value):
        key, equals, text = field.partition("=")
        key = key.lower()
        if equals:
            _set(mount, key, text, field)
        elif key in ("readonly", "ro"):
            mount["ReadOnly"] = True
        elif key in _FLAGS:
            group, name = _FLAGS[key]
            _group(mount, group)[name] = True
        else:
            raise ValueError(f"invalid field '{field}' must be a key=value pair")
    _check(mount)
    return mount


def _group(mount: "dict[str, Any]", name: str) -> "dict[str, Any]":
    group: dict[str, Any] = mount.setdefault(name, {"DriverConfig": {}} if name == "VolumeOptions" else {})
    return group


def _truth(key: str, text: str) -> bool:
    if text not in _TRUTH:
        raise ValueError(f"invalid value for {key}: {text}")
    return _TRUTH[text]


def _set(mount: "dict[str, Any]", key: str, text: str, field: str) -> None:
    if key == "type":
        mount["Type"] = text.lower()
    elif key in ("source", "src"):
        mount["Source"] = os.path.abspath(text) if text.startswith(".") else text
    elif key in ("target", "dst", "destination"):
        mount["Target"] = text
    elif key in ("readonly", "ro"):
        mount["ReadOnly"] = _truth(key, text)
    elif key == "consistency":
        mount["Consistency"] = text.lower()
    elif key in _FLAGS:
        group, name = _FLAGS[key]
        _group(mount, group)[name] = _truth(key, text)
    elif key.startswith("bind-"):
        _set_bind(mount, key, text, field)
    elif key.startswith("volume-"):
        _set_volume(_group(mount, "VolumeOptions"), key, text, field)
    elif key == "image-subpath":
        _group(mount, "ImageOptions")["Subpath"] = text
    elif key == "tmpfs-size":
        try:
            _group(mount, "TmpfsOptions")["SizeBytes"] = ram_size(text)
        except ValueError:
            raise ValueError(f"invalid value for {key}: {text}") from None
    elif key == "tmpfs-mode":
        if not text or set(text) - set("01234567") or int(text, 8) >= 1 << 32:
            raise ValueError(f"invalid value for {key}: {text}")
        _group(mount, "TmpfsOptions")["Mode"] = int(text, 8)
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _set_bind(mount: "dict[str, Any]", key: str, text: str, field: str) -> None:
    if key == "bind-propagation":
        _group(mount, "BindOptions")["Propagation"] = text.lower()
    elif key == "bind-recursive":
        if text not in _RECURSIVE:
            choice = '(must be "enabled", "disabled", "writable", or "readonly")'
            raise ValueError(f"invalid value for {key}: {text} {choice}")
        if _RECURSIVE[text]:
            _group(mount, "BindOptions")[_RECURSIVE[text]] = True
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _set_volume(options: "dict[str, Any]", key: str, text: str, field: str) -> None:
    name, _, value = text.partition("=")
    if key == "volume-subpath":
        options["Subpath"] = text
    elif key == "volume-label":
        if name:
            options.setdefault("Labels", {})[name] = value
    elif key == "volume-driver":
        options["DriverConfig"]["Name"] = text
    elif key == "volume-opt":
        if name:
            options["DriverConfig"].setdefault("Options", {})[name] = value
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _check(mount: "dict[str, Any]") -> None:
    kind = mount["Type"]
    if not kind:
        raise ValueError("type is required")
    if not mount.get("Target"):
        raise ValueError("target is required")
    for group, owner in (("Volume", "volume"), ("Image", "image"), ("Bind", "bind"), ("Tmpfs", "tmpfs")):
        if f"{group}Options" in mount and kind != owner:
            raise ValueError(f"cannot mix '{owner}-*' options with mount type '{kind}'")
    bind = mount.get("BindOptions", {})
    need = "option 'bind-recursive={}' requires '{}' to be specified in conjunction"
    if bind.get("ReadOnlyNonRecursive") and not mount.get("ReadOnly"):
        raise ValueError(need.format("writable", "readonly"))
    if bind.get("ReadOnlyForceRecursive"):
        if not mount.get("ReadOnly"):
            raise ValueError(need.format("readonly", "readonly"))
        if bind.get("Propagation") != "rprivate":
            raise ValueError(need.format("readonly", "bind-propagation=rprivate"))


def split_volumes(volumes: "list[str]") -> "tuple[list[str], dict[str, Any]]":
    """The binds and the anonymous volumes among the values of `-v`."""
    binds: list[str] = []
    anonymous: dict[str, Any] = {}
    for volume in dict.fromkeys(volumes):
        if not volume:
            raise Exit("invalid empty volume spec")
        parts = volume.split(":")
        if len(parts) > 1 and len(parts[0]) == 1 and parts[0].isalpha():
            parts[:2] = [f"{parts[0]}:{parts[1]}"]  # a drive's letter, for Docker on every system
        if len(volume) <= 2 or len(parts) == 1:
            anonymous[volume] = {}
            continue
        if "" in parts:
            raise Exit(f"invalid spec: {volume}: empty section between colons")
        if len(parts) > 3:
            raise Exit(f"invalid spec: {volume}: too many colons")
        source = parts[0]
        if source.startswith("."):
            parts[0] = os.path.abspath(source)
        binds.append(":".join(parts))
    return binds, anonymous


def tmpfs(values: "list[str]") -> "dict[str, str]":
    """Options by mount point of `--tmpfs`."""
    return {path: options for path, _, options in (value.partition(":") for value in values)}
