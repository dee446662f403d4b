"""`--platform`: os[/arch[/variant]] as the API takes it.  Called by the image commands."""

import os

from pydock.cli.exits import Exit
from pydock.client import json_text

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


def parse(text: str) -> dict[str, str]:
    """The platform that `text` names; an architecture alone, or a system alone, is completed."""
    parts = text.split("/")
    wrong = f'"{text}": invalid argument'
    if not text or len(parts) > 3 or "" in parts or any(not _is_word(part) for part in parts):
        raise Exit(f"{wrong}: an invalid platform specifier")
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
    found = {"architecture": architecture, "os": system}
    return {**found, "variant": variant} if variant else found


def _is_word(part: str) -> bool:
    return all(char.isascii() and (char.isalnum() or char in "_.-") for char in part)


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


def chosen(text: str) -> str:
    """The same for commands that say whose fault it is where `text` is no platform."""
    try:
        return as_json(text)
    except Exit as end:
        raise Exit(f"invalid platform: {end.message}") from None


def as_json(text: str) -> str:
    """The platform as the API's query parameters have it."""
    return json_text.dumps(parse(text))
