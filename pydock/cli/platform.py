"""`--platform`: os[/arch[/variant]] as the API takes it.  Called by the image commands."""

import os
import re
from typing import Final

from pydock.cli.exits import Exit
from pydock.client import json_text

_PART: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEM: Final = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "riscv64": "riscv64"}
_ALIASES = {"x86_64": ("amd64", ""), "x86-64": ("amd64", ""), "aarch64": ("arm64", ""), "armhf": ("arm", "v7")}
_ALIASES |= {"armel": ("arm", "v6"), "i386": ("386", ""), "macos": ("darwin", "")}
_SYSTEMS = frozenset(
    (
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "linux",
        "netbsd",
        "openbsd",
        "solaris",
    )
) | {"wasip1", "windows", "zos", "plan9"}
_ARCHITECTURES = frozenset(("386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64"))
_ARCHITECTURES |= {"ppc64le", "riscv64", "s390x", "wasm"}


def parse(text: str) -> dict[str, str | list[str]]:
    """The platform that `text` names; an architecture alone, or a system alone, is completed."""
    if "*" in text:
        raise Exit(f'"{text}": wildcards not yet supported: invalid argument')
    parts = text.split("/")
    if len(parts) > 3:
        raise Exit(f'"{text}": cannot parse platform specifier: invalid argument')
    parts[0], version, features = _system(parts[0], text)
    for part in parts[1:]:
        if not _PART.fullmatch(part):
            raise Exit(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                f'"^{_PART.pattern}$": invalid argument'
            )
    system, architecture, variant = (parts + ["", "", ""])[:3]  # noqa: RUF005
    if len(parts) == 1:
        word = parts[0].lower()
        if word in _SYSTEMS or word == "macos":
            system, architecture = word.replace("macos", "darwin"), _machine()
        else:
            architecture, variant = _normal(word, "")
            system = "linux"
            if architecture not in _ARCHITECTURES:
                raise Exit(f'"{text}": unknown operating system or architecture: invalid argument')
    else:
        system = system.lower().replace("macos", "darwin")
        architecture, variant = _normal(architecture.lower(), variant.lower())
    if len(parts) == 3 and architecture == "arm64":
        variant = variant or "v8"  # written out, it stays written out
    if len(parts) == 2 and (architecture, variant) == ("arm", "v7"):
        variant = ""
    found: dict[str, str | list[str]] = {
        "architecture": architecture,
        "os": system,
        "os.version": version,
        "os.features": features,
        "variant": variant,
    }
    return {key: value for key, value in found.items() if value}


def _system(part: str, text: str) -> tuple[str, str, list[str]]:
    """The operating system of ``windows(10.0.1+feature)``, its version and its features."""
    found = _SYSTEM.fullmatch(part)
    if found is None:
        raise Exit(
            f'"{part}" is an invalid OS component of "{text}": OSAndVersion specifier component must match '
            f'"^{_SYSTEM.pattern}$": invalid argument'.replace("\\", "\\\\")
        )
    return found[1], found[2] or "", (found[3] or "").split("+")[1:]


def _machine() -> str:
    machine = os.uname().machine
    return _MACHINES.get(machine, machine)


def _normal(architecture: str, variant: str) -> tuple[str, str]:
    architecture, implied = _ALIASES.get(architecture, (architecture, variant))
    variant = implied or variant
    if architecture == "arm64" and variant in ("8", "v8"):
        variant = ""
    if architecture == "arm":
        variant = f"v{variant}" if variant.isdigit() else variant or "v7"
    if architecture == "amd64" and variant == "v1":
        variant = ""
    return architecture, variant


def chosen(text: str, wrong: str = "invalid platform") -> str:
    """The same for commands that say what is wrong where `text` is no platform."""
    try:
        return as_json(text)
    except Exit as end:
        raise Exit(f"{wrong}: {end.message}") from None


def as_json(text: str) -> str:
    """The platform as the API's query parameters have it."""
    return json_text.dumps(parse(text))
