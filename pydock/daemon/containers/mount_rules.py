"""How mounts are asked for (``-v``, ``--mount``, ``--volumes-from``, ``--tmpfs``), and what is refused, as by Docker.

Pure but for the look whether a bind's source is there.  `mount_points` makes them.
"""

import os
from dataclasses import dataclass
from typing import Any

from pydock.errors import InvalidParameter

PROPAGATIONS = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("rw", "ro"),
    ("Z", "z"),
    PROPAGATIONS,
    ("nocopy",),
    ("consistent", "cached", "delegated"),
)
#: (which kind, the options that it may not have)
_FOREIGN = {
    "bind": ("VolumeOptions", "ImageOptions"),
    "volume": ("BindOptions", "ImageOptions"),
    "tmpfs": ("BindOptions", "ImageOptions"),
    "image": ("BindOptions", "VolumeOptions"),
}


@dataclass(frozen=True, slots=True)
class Bind:
    """A ``-v`` text taken apart; a source that is no path is a volume's name, "" for a volume without."""

    source: str
    target: str
    mode: str

    @property
    def is_volume(self) -> bool:
        """Whether it names a volume."""
        return not self.source.startswith("/")

    @property
    def writable(self) -> bool:
        """Whether it may be written."""
        return "ro" not in self.mode.split(",")

    @property
    def propagation(self) -> str:
        """The propagation asked for, "" for none."""
        return next((word for word in self.mode.split(",") if word in PROPAGATIONS), "")


def check(mount: dict[str, Any]) -> None:
    """Check one of ``HostConfig.Mounts``."""
    kind = mount.get("Type", "")
    try:
        _check(mount, kind)
    except InvalidParameter as error:
        raise InvalidParameter(f'invalid mount config for type "{kind}": {error.message}') from None


def _check(mount: dict[str, Any], kind: str) -> None:
    target, source = mount.get("Target", ""), mount.get("Source", "")
    if not target:
        raise InvalidParameter("field Target must not be empty")
    check_target(target)
    if kind not in _FOREIGN:
        raise InvalidParameter("mount type unknown")
    if kind in ("bind", "image") and not source:
        raise InvalidParameter("field Source must not be empty")
    propagation = (mount.get("BindOptions") or {}).get("Propagation")
    if kind == "bind" and propagation and propagation not in PROPAGATIONS:
        raise InvalidParameter(f"invalid propagation mode: {propagation}")
    for name in _FOREIGN[kind]:
        if mount.get(name) is not None:
            raise InvalidParameter(f"field {name} must not be specified")
    if kind == "bind":
        _check_bind(mount, source)
    elif kind == "volume":
        _check_volume(mount, source)
    elif kind == "tmpfs":
        if source:
            raise InvalidParameter("field Source must not be specified")
        tmpfs_options(mount)
    elif not _is_local((mount.get("ImageOptions") or {}).get("Subpath") or ""):
        raise InvalidParameter("subpath must be a relative path within the volume")


def _check_bind(mount: dict[str, Any], source: str) -> None:
    _check_absolute(source)
    if "\0" in source:
        raise InvalidParameter("invalid bind source: it holds a NUL byte")
    options = mount.get("BindOptions") or {}
    if not options.get("CreateMountpoint") and not os.path.lexists(source):
        raise InvalidParameter(f"bind source path does not exist: {source}")
    names = [name for name in ("ReadOnlyNonRecursive", "ReadOnlyForceRecursive") if options.get(name)]
    if names and not mount.get("ReadOnly"):
        raise InvalidParameter(f"mount options conflict: !ReadOnly && BindOptions.{names[0]}")
    if len(names) == 2:
        raise InvalidParameter("mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive")


def _check_volume(mount: dict[str, Any], source: str) -> None:
    subpath = (mount.get("VolumeOptions") or {}).get("Subpath", "")
    if subpath and not source:
        raise InvalidParameter("must not set Subpath when using anonymous volumes")
    if not _is_local(subpath):
        raise InvalidParameter("subpath must be a relative path within the volume")
    if mount.get("ReadOnly") and not source:
        raise InvalidParameter("must not set ReadOnly mode when using anonymous volumes")


def check_target(target: str) -> None:
    """Check where something is to be mounted."""
    plain = target.replace("\\", "/")
    if os.path.normpath(plain).replace("//", "/") == "/":
        raise InvalidParameter("invalid specification: destination can't be '/'")
    _check_absolute(target)
    if any(character in target for character in "\0\n"):
        raise InvalidParameter(f"invalid mount path: {target!r}")


def _check_absolute(path: str) -> None:
    if not path.replace("\\", "/").startswith("/"):
        raise InvalidParameter(f"invalid mount path: '{path}' mount path must be absolute")


def _is_local(path: str) -> bool:
    """Whether a path stays, word for word, below where it starts (Go's filepath.IsLocal); "" is fine here."""
    if not path:
        return True
    return not path.startswith("/") and "\0" not in path and os.path.normpath(path).split("/")[0] != ".."


def parse_bind(text: str) -> Bind:
    """Take a ``-v`` text apart."""
    parts = text.split(":", 3)
    problem = InvalidParameter(f"invalid volume specification: '{text}'")
    if not parts[0] or len(parts) > 3 or "\0" in text:
        raise problem
    source, target, mode = "", parts[0], ""
    if len(parts) == 2:
        if is_mode(parts[1]):
            raise problem
        source, target = parts
    elif len(parts) == 3:
        source, target, mode = parts
        if not is_mode(mode):
            raise InvalidParameter(f"invalid mode: {mode}")
    kind = "bind" if source.startswith("/") else "volume"
    bind = Bind(source, target, mode)
    try:
        if not target:
            raise InvalidParameter("field Target must not be empty")
        check_target(target)
        if kind == "volume" and bind.propagation:
            raise InvalidParameter("field BindOptions must not be specified")
        if kind == "bind" and "nocopy" in mode.split(","):
            raise InvalidParameter("field VolumeOptions must not be specified")
        if kind == "volume" and not bind.writable and not source:
            raise InvalidParameter("must not set ReadOnly mode when using anonymous volumes")
    except InvalidParameter as error:
        message = f'{problem.message}: invalid mount config for type "{kind}": {error.message}'
        raise InvalidParameter(message) from None
    return bind


def is_mode(text: str) -> bool:
    """Whether `text` is the third part of a ``-v``: known words, at most one of each sort."""
    if not text:
        return True
    counts = [0] * len(_GROUPS)
    for word in text.split(","):
        found = next((index for index, group in enumerate(_GROUPS) if word in group), None)
        if found is None:
            return False
        counts[found] += 1
    return max(counts) <= 1


def parse_volumes_from(text: str) -> tuple[str, str]:
    """(container, mode) of a ``--volumes-from``."""
    if not text:
        raise InvalidParameter("volumes-from specification cannot be an empty string")
    container, _, mode = text.partition(":")
    words = mode.split(",")
    if not is_mode(mode) or any(word in PROPAGATIONS or word == "nocopy" for word in words):
        raise InvalidParameter(f"invalid mode: {mode}")
    return container, mode or "rw"


def tmpfs_options(mount: dict[str, Any]) -> list[str]:
    """The file system's options of a ``--mount type=tmpfs``."""
    options = mount.get("TmpfsOptions") or {}
    words = ["ro"] if mount.get("ReadOnly") else []
    if mode := options.get("Mode"):
        words.append(f"mode={mode:o}")
    if size := options.get("SizeBytes"):
        words.append(f"size={size}")
    for option in options.get("Options") or ():
        if not 1 <= len(option) <= 2:
            raise InvalidParameter("invalid option array length")
        if option[0] not in ("exec", "noexec"):
            raise InvalidParameter(f"invalid option: {option[0]}")
        words.append("=".join(option))
    return words
