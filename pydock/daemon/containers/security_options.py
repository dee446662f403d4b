"""``--security-opt`` taken apart, and the compiled system call filter of a container.

The spec builder calls it.  Filters are compiled once for each profile and set of capabilities and kept as files.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers.record import Container
from pydock.daemon.containers.validation import parse_bool
from pydock.errors import InvalidParameter
from pydock.runtime import capabilities, seccomp
from pydock.runtime.spec import SeccompProfile

UNCONFINED, BUILTIN = "unconfined", "builtin"


@dataclass(frozen=True, slots=True)
class SecurityOptions:
    """What the options say; "" and None where they say nothing.

    ``seccomp``: unconfined, builtin, or the text of a profile.
    """

    no_new_privileges: bool = False
    writable_cgroups: bool | None = None
    seccomp: str = ""
    apparmor: str = ""
    labels: tuple[str, ...] = ()


def parse(options: Sequence[str] | None, no_new_privileges: bool = False) -> SecurityOptions:
    """Read options that `validation` has checked."""
    writable: bool | None = None
    profile = apparmor = ""
    labels: list[str] = []
    for option in options or ():
        name, _, value = option.partition("=" if "=" in option else ":")
        match name:
            case "no-new-privileges":
                no_new_privileges = parse_bool(value or "true") or False
            case "writable-cgroups":
                writable = parse_bool(value or "true")
            case "seccomp":
                profile = value
            case "apparmor":
                apparmor = value
            case "label":
                labels.append(value)
            case _:
                labels.append(name)
    return SecurityOptions(no_new_privileges, writable, profile, apparmor, tuple(labels))


def granted(record: Container) -> list[str]:
    """The capabilities of a container, in the kernel's order."""
    host = record.host_config
    return capabilities.granted(host.get("CapAdd") or (), host.get("CapDrop") or (), privileged=host["Privileged"])


class Filters:
    """Compiled filters under ``<exec root>/seccomp``.  May be used by threads."""

    def __init__(self, directory: Path, settings: ContainerDefaults) -> None:
        self._directory = directory
        self._default = settings.seccomp_profile
        self._known: dict[tuple[str, tuple[str, ...]], str] = {}

    def path(self, record: Container) -> str:
        """The file of the container's filter, "" for none; InvalidParameter for a profile that cannot be read."""
        wanted = parse(record.host_config.get("SecurityOpt")).seccomp
        if wanted == UNCONFINED or (record.host_config["Privileged"] and not wanted):
            return ""
        if not wanted and self._default == UNCONFINED:
            return ""
        caps = tuple(granted(record))
        key = (wanted, caps)
        path = self._known.get(key)
        if path is None or not os.path.exists(path):
            path = self._known[key] = self._compile(wanted, caps)
        return path

    def _compile(self, wanted: str, caps: tuple[str, ...]) -> str:
        program = seccomp.compile(self._profile(wanted), caps)
        path = self._directory / f"{hashlib.sha256(program).hexdigest()}.bpf"
        if not path.exists():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.urandom(4).hex()}")
            temporary.write_bytes(program)
            temporary.rename(path)
        return str(path)

    def _profile(self, wanted: str) -> SeccompProfile:
        if wanted and wanted != BUILTIN:
            return seccomp.parse(wanted)
        if wanted == BUILTIN or self._default in ("", BUILTIN):
            return seccomp.default_profile()
        try:
            return seccomp.parse(Path(self._default).read_bytes())
        except OSError as error:
            raise InvalidParameter(f"opening seccomp profile ({self._default}) failed: {error.strerror}") from error
