"""``--security-opt`` taken apart, and the compiled system call filter of a container.

The spec builder calls it.  Filters are compiled once for each profile and set of capabilities and kept as files, those
that are in use.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydock import durable
from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers.record import Container
from pydock.daemon.containers.validation import parse_bool
from pydock.errors import InvalidParameter
from pydock.runtime import capabilities, seccomp
from pydock.runtime.spec import SeccompProfile

UNCONFINED, BUILTIN = "unconfined", "builtin"
#: how many filters are kept, the last used: each comes with a profile that a client chose
KEPT = 64


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
        #: by the digest of profile and capabilities, the least recently used first
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def path(self, record: Container) -> str:
        """The file of the container's filter, "" for none; InvalidParameter for a profile that cannot be read."""
        wanted = parse(record.host_config.get("SecurityOpt")).seccomp
        if wanted == UNCONFINED or (record.host_config["Privileged"] and not wanted):
            return ""
        if not wanted and self._default == UNCONFINED:
            return ""
        caps = tuple(granted(record))
        key = hashlib.sha256("\n".join((*caps, wanted)).encode()).digest()
        path = self._known.get(key)
        if path is None or not os.path.exists(path):
            path = self._compile(wanted, caps)
        self._keep(key, path)
        return path

    def _keep(self, key: bytes, path: str) -> None:
        """Note that `path` was used just now, and forget what was longest ago."""
        with self._lock:
            self._known[key] = path
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                _, oldest = self._known.popitem(last=False)
                if oldest not in self._known.values():
                    Path(oldest).unlink(missing_ok=True)

    def _compile(self, wanted: str, caps: tuple[str, ...]) -> str:
        program = seccomp.compile(self._profile(wanted), caps)
        path = self._directory / f"{hashlib.sha256(program).hexdigest()}.bpf"
        durable.make_room(path)
        if not path.exists() or path.read_bytes() != program:  # one cut short would forbid less, or nothing
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
