"""How platforms are written: ``os[(version+feature)][/architecture[/variant]]`` in the words of containerd's platforms.

Used by the client for ``--platform`` and by `imagestore.platforms`.
"""

import os
import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from pydock.errors import InvalidParameter

_PART: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEM: Final = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_SYSTEMS: Final = frozenset(
    (
        "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl", "netbsd",
        "openbsd", "plan9", "solaris", "windows", "zos",
    )
)  # fmt: skip
_ARCHITECTURES: Final = frozenset(
    (
        "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64",
        "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc",
        "sparc64", "wasm",
    )
)  # fmt: skip
#: what has one variant, whatever is written
_ALIASES: Final = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
#: what uname(2) calls machines that have another name here
_MACHINES: Final = {
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "armv6l": ("arm", "v6"),
    "armv7l": ("arm", "v7"),
    "loongarch64": ("loong64", ""),
}


class Words(NamedTuple):
    """A platform that was written; what was not is empty."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()


def parse(text: str) -> Words:
    """The platform that `text` names; an architecture alone, or a system alone, is completed.

    InvalidParameter in containerd's words.
    """
    if "*" in text:
        raise InvalidParameter(f'"{text}": wildcards not yet supported: invalid argument')
    first, *rest = text.split("/")
    if len(rest) > 2:
        raise InvalidParameter(f'"{text}": cannot parse platform specifier: invalid argument')
    system = _SYSTEM.fullmatch(first)
    if system is None:
        raise InvalidParameter(
            f'"{first}" is an invalid OS component of "{text}": OSAndVersion specifier component must match '
            f'"^{_SYSTEM.pattern}$": invalid argument'.replace("\\", "\\\\")
        )
    for part in rest:
        if not _PART.fullmatch(part):
            raise InvalidParameter(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                f'"^{_PART.pattern}$": invalid argument'
            )
    version, features = unquote(system[2] or ""), tuple(map(unquote, (system[3] or "").split("+")[1:]))
    return Words(*(_pair(system[1], *rest) if rest else _alone(system[1], text)), version, features)


def _pair(system: str, architecture: str, variant: str = "") -> tuple[str, str, str]:
    architecture, found = normal_architecture(architecture, variant)
    if not variant and (architecture, found) == ("arm", "v7"):
        found = ""  # what was not written out does not appear
    elif variant and architecture == "arm64":
        found = found or "v8"  # written out, it stays written out
    return normal_system(system), architecture, found


def _alone(word: str, text: str) -> tuple[str, str, str]:
    if normal_system(word) in _SYSTEMS:
        architecture, variant = machine()
        return normal_system(word), architecture, "" if variant == "v7" else variant
    found = _pair("linux", word)
    if found[1] not in _ARCHITECTURES or "(" in text:
        raise InvalidParameter(f'"{text}": unknown operating system or architecture: invalid argument')
    return found


def machine() -> tuple[str, str]:
    """The architecture and variant of this machine."""
    name = os.uname().machine
    return _MACHINES.get(name) or normal_architecture(name, "")


def normal_system(name: str) -> str:
    """An operating system in the one spelling."""
    return "darwin" if name.lower() == "macos" else name.lower()


def normal_architecture(name: str, variant: str) -> tuple[str, str]:
    """An architecture and its variant in the one spelling: x86_64 is amd64, arm64/v8 is arm64, arm is arm/v7."""
    name, variant = name.lower(), variant.lower()
    if name in _ALIASES:
        return _ALIASES[name]
    match name, variant:
        case "aarch64" | "arm64", _:
            return "arm64", "" if variant in ("8", "v8") else variant
        case "amd64", "v1":
            return "amd64", ""
        case "arm", "" | "7":
            return "arm", "v7"
        case "arm", "5" | "6" | "8":
            return "arm", f"v{variant}"
    return name, variant
