"""Platforms: what runs here, what a manifest or a config says that it is for, and which of several fits best.

Used by pull, load, save, list and inspect.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydock import platform_words


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
    return Platform("linux", *platform_words.machine())


def normalize(system: str, architecture: str, variant: str = "", os_version: str = "") -> Platform:
    """A platform in the one spelling: x86_64 is amd64, arm64/v8 is arm64, arm is arm/v7."""
    return Platform(
        platform_words.normal_system(system), *platform_words.normal_architecture(architecture, variant), os_version
    )


def of(value: Mapping[str, Any]) -> Platform:
    """The platform of a config or of a descriptor's ``platform``: unknown keys ignored, missing ones empty."""
    texts = [value.get(key) for key in ("os", "architecture", "variant", "os.version")]
    system, architecture, variant, version = (text if isinstance(text, str) else "" for text in texts)
    return normalize(system, architecture, variant, version)


def parse(text: str) -> Platform:
    """A platform that a user wrote: ``linux/arm64/v8``, ``linux``, ``arm64``; InvalidParameter in Docker's words."""
    return Platform(*platform_words.parse(text)[:4])


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
