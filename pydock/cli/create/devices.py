"""`--device` and `--gpus`.  Called by `values` and `request` when one of them is given."""

import posixpath

from pydock.cli.create.mounts import fields
from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def split_devices(values: "list[str]") -> "tuple[list[dict[str, str]], list[str]]":
    """Device mappings, and names of CDI devices (vendor/class=name)."""
    mappings: list[dict[str, str]] = []
    names: list[str] = []
    for value in values:
        if _is_cdi(value):
            names.append(value)
        else:
            mappings.append(_mapping(value))
    return mappings, names


def _is_cdi(value: str) -> bool:
    kind, equals, device = value.partition("=")
    vendor, slash, group = kind.partition("/")
    return bool(equals and slash and device and vendor[:1].isalpha() and group[:1].isalpha() and ":" not in kind)


def is_access(text: str) -> bool:
    """Whether `text` is made of r, w and m, each at most once."""
    return bool(text) and not set(text) - set("rwm") and len(set(text)) == len(text)


def _mapping(value: str) -> "dict[str, str]":
    parts = value.split(":")
    if len(parts) > 3 or not parts[0]:
        raise Exit(f"bad format for path: {value}")
    source, access = parts[0], "rwm"
    target = source
    if len(parts) == 3:
        target, access = parts[1], parts[2]
        if not is_access(access):
            raise Exit(f"bad mode specified: {access}")
    elif len(parts) == 2 and is_access(parts[1]):
        access = parts[1]
    elif len(parts) == 2:
        target = parts[1]
    if not target.startswith("/"):
        raise Exit(f"{target} is not an absolute path")
    if len(parts) == 1 or (len(parts) == 2 and target == source):
        source = target = posixpath.normpath(source)
    elif len(parts) == 2:
        target = posixpath.normpath(target)
    return {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": access}


def parse_gpus(value: str) -> "dict[str, Any]":
    """A device request of `--gpus`."""
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Capabilities": None, "Options": None}
    seen: set[str] = set()
    for field in fields(value):
        key, equals, text = field.partition("=")
        if key in seen:
            raise ValueError(f"gpu request key '{key}' can be specified only once")
        seen.add(key)
        if not equals:
            seen.add("count")
            request["Count"] = _count(key)
        elif key == "driver":
            request["Driver"] = text
        elif key == "count":
            request["Count"] = _count(text)
        elif key == "device":
            request["DeviceIDs"] = text.split(",")
        elif key == "capabilities":
            request["Capabilities"] = [[*text.split(","), "gpu"]]
        elif key == "options":
            request["Options"] = {name: option for name, _, option in (o.partition("=") for o in fields(text))}
        else:
            raise ValueError(f"unexpected key '{key}' in '{field}'")
    if "count" not in seen and request["DeviceIDs"] is None:
        request["Count"] = 1
    request["Options"] = request["Options"] or {}
    request["Capabilities"] = request["Capabilities"] or [["gpu"]]
    return request


def _count(text: str) -> int:
    if text == "all":
        return -1
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'invalid count ({text}): value must be either "all" or an integer: invalid syntax') from None
