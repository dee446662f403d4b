"""Platforms: what runs here, what a manifest or a config says that it is for, and which of several fits best.

The words and the normalisation are those of containerd's platforms package.  Used by pull, load, save, list and
inspect.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydock.errors import InvalidParameter

_ARCHITECTURES = {
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
}
_PART = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEM = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_OS = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "windows",
        "zos",
    ]
)
_ARCH = frozenset(
    [
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "loong64",
        "ppc64",
        "ppc64le",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "ppc",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system, an architecture and the variant of that, normalised."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def full(self) -> str:
        """The same with the version of the operating system, where one is said."""
        return str(replace(self, os=f"{self.os}({self.os_version})") if self.os_version else self)

    def wire(self) -> dict[str, str]:
        """The platform as the API and OCI descriptors write it."""
        parts = {
            "architecture": self.architecture,
            "os": self.os,
            "os.version": self.os_version,
            "variant": self.variant,
        }
        return {key: value for key, value in parts.items() if value}


def host() -> Platform:
    """The platform of this machine."""
    return normalize("linux", os.uname().machine)


def normalize(system: str, architecture: str, variant: str = "", os_version: str = "") -> Platform:
    """A platform in the one spelling: x86_64 is amd64, arm64/v8 is arm64, arm is arm/v7."""
    architecture = architecture.lower()
    variant = variant.lower()
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = variant or implied
    if (architecture == "arm64" and variant in ("8", "v8")) or (architecture == "amd64" and variant == "v1"):
        variant = ""
    elif architecture == "arm":
        variant = variant or "v7"
        if variant.isdigit():
            variant = f"v{variant}"
    system = system.lower()
    return Platform("darwin" if system == "macos" else system, architecture, variant, os_version)


def of(value: Mapping[str, Any]) -> Platform:
    """The platform of a config or of a descriptor's ``platform``: unknown keys ignored, missing ones empty."""
    texts = [value.get(key) for key in ("os", "architecture", "variant", "os.version")]
    system, architecture, variant, version = (text if isinstance(text, str) else "" for text in texts)
    return normalize(system, architecture, variant, version)


def parse(text: str) -> Platform:
    """A platform that a user wrote: ``linux/arm64/v8``, ``linux``, ``arm64``; InvalidParameter in Docker's words."""
    first, *rest = parts = text.split("/")
    if len(parts) > 3:
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
    if not rest:
        return _from_one_part(system[1], text)
    found = normalize(system[1], rest[0], rest[1] if len(rest) > 1 else "", system[2] or "")
    match len(parts), found.architecture, found.variant:
        case 3, "arm64", "":
            return replace(found, variant="v8")  # written out, it stays written out
        case 2, "arm", "v7":
            return replace(found, variant="")  # and what was not written out does not appear
    return found


def _from_one_part(part: str, text: str) -> Platform:
    here = host()
    alone = normalize(part, "")
    if alone.os in _OS:
        return Platform(alone.os, here.architecture, here.variant)
    guess = normalize("linux", part)
    if guess.architecture in _ARCH:
        return guess
    raise InvalidParameter(f'"{text}": unknown operating system or architecture: invalid argument')


def rank(wanted: Platform, offered: Platform, strict: bool = False) -> int:
    """How well `offered` serves `wanted`: 0 best, greater is worse, -1 not at all.

    Unless `strict`, older variants serve too: arm/v7 runs arm/v6 and arm/v5, arm64 runs 32-bit arm, amd64 runs 386.
    """
    wanted = normalize(wanted.os, wanted.architecture, wanted.variant)
    candidates = [wanted] if strict else list(_served(wanted))
    for place, candidate in enumerate(candidates):
        if (candidate.os, candidate.architecture, candidate.variant) == (
            offered.os,
            offered.architecture,
            offered.variant,
        ):
            return place
    return -1


def _served(wanted: Platform) -> Iterable[Platform]:
    yield wanted
    level = int(wanted.variant[1:]) if re.fullmatch(r"v[0-9]{1,2}", wanted.variant) else 0
    match wanted.architecture:
        case "amd64":
            for lower in range(level - 1, 0, -1):
                yield normalize(wanted.os, "amd64", f"v{lower}")
            yield Platform(wanted.os, "386")
        case "arm64":
            if wanted.variant:
                yield Platform(wanted.os, "arm64")
            for lower in (8, 7, 6, 5):
                yield Platform(wanted.os, "arm", f"v{lower}")
        case "arm":
            for lower in range(level - 1, 4, -1):
                yield Platform(wanted.os, "arm", f"v{lower}")
