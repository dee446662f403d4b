"""Images on the wire: what older API versions see, and platforms as requests carry them.

Called by the image routes.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydock import json_mistakes
from pydock.daemon.api import go_types
from pydock.errors import InvalidParameter
from pydock.imagestore.platforms import Platform

_PLATFORM: Final = ("os", "architecture", "variant", "os.version")
_STRING: Final = go_types.Text("string")
_PLATFORM_TYPE: Final = go_types.Struct(
    "v1.Platform",
    go_types.by_name({**dict.fromkeys(_PLATFORM, _STRING), "os.features": go_types.Many("[]string", _STRING)}),
)
_CONFIG_BEFORE_150: Final[Mapping[str, Any]] = {
    "AttachStderr": False,
    "AttachStdin": False,
    "AttachStdout": False,
    "Domainname": "",
    "Hostname": "",
    "Image": "",
    "OpenStdin": False,
    "StdinOnce": False,
    "Tty": False,
}
_CONTAINER_CONFIG: Final[Mapping[str, Any]] = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": "", "Volumes": None,
    "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": None,
}  # fmt: skip


def summaries(rows: list[dict[str, Any]], version: tuple[int, int]) -> list[dict[str, Any]]:
    """The list of images as API `version` has it."""
    if version >= (1, 44):
        return rows
    for row in rows:
        row["VirtualSize"] = row["Size"]
        if version < (1, 43):
            if not row["RepoTags"] and not row["RepoDigests"]:
                row["RepoTags"], row["RepoDigests"] = ["<none>:<none>"], ["<none>@<none>"]
            row["RepoTags"] = row["RepoTags"] or None
            row["RepoDigests"] = row["RepoDigests"] or None
    return rows


def older_inspect(shown: dict[str, Any], config: Mapping[str, Any], version: tuple[int, int]) -> dict[str, Any]:
    """One image as API versions before 1.50 have it; `config` is the image's whole config."""
    section = {**_CONFIG_BEFORE_150, **shown["Config"]}
    shown["Config"] = dict(sorted(section.items()))
    if version < (1, 45):
        shown["Container"] = config.get("container") or ""
        shown["ContainerConfig"] = {**_CONTAINER_CONFIG, **(config.get("container_config") or {})}
        if not shown["Container"]:
            del shown["Container"]
    if version < (1, 44):
        shown["VirtualSize"] = shown["Size"]
        shown.setdefault("Created", "0001-01-01T00:00:00Z")
    return shown


def parse_platform(text: str) -> Platform:
    """A platform in JSON, as OCI descriptors have it; refused in Docker's words."""
    data = text.encode()
    mistake = json_mistakes.explain_file(data)
    try:
        mistake = mistake or _PLATFORM_TYPE.mistake(go_types.first_value(data), "Platform")
    except RecursionError:
        mistake = "exceeded max depth"
    if mistake:
        raise InvalidParameter(f"failed to parse platform: {mistake}")
    given = {name.lower(): value for name, value in (json.loads(text) or {}).items() if value}
    value = {name: given.get(name, "") for name in _PLATFORM}
    if not value["os"] and not value["architecture"] and any(value.values()):
        raise InvalidParameter("optional platform fields provided, but OS and Architecture are missing")
    if not value["os"] or not value["architecture"]:
        raise InvalidParameter("both OS and Architecture must be provided")
    return Platform(*value.values())
