"""The local driver: a volume's directory, its mount where it has driver options, its removal and its size.

All of it blocks; the volumes service calls it by `offload`.  Directories are ``<data root>/volumes/<name>/_data``.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydock import durable
from pydock.daemon.volumes import mount_flags
from pydock.daemon.volumes.pins import open_below, unmount
from pydock.errors import PydockError, System
from pydock.linux import mount as m
from pydock.linux.mounts import Mount
from pydock.worker import view
from pydock.worker.calls import JobRunner

_REMOVING = ".removing-"
_DATA = "_data"


class LocalDriver:
    """Volumes as directories."""

    def __init__(self, root: Path, jobs: JobRunner) -> None:
        self._root = root
        self._jobs = jobs

    def path(self, name: str) -> Path:
        """The mountpoint of a volume."""
        return self._root / name / _DATA

    def create(self, name: str) -> None:
        """Make the volume's directory; what is there already is taken as it is."""
        self._make_root()
        directory = self._root / name
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o701)
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory / _DATA, 0o755)
                os.chmod(directory / _DATA, 0o755)  # whatever the umask
        except OSError as error:
            for path in (directory / _DATA, directory):
                with contextlib.suppress(OSError):  # what holds anything was there before
                    os.rmdir(path)
            reason = (error.strerror or "failed").lower()
            raise System(f"create {name}: error while creating volume root path '{directory}': {reason}") from error

    def begin_removal(self, name: str) -> None:
        """Take the volume's directory out of sight, for good; OSError where one of its name from before cannot go."""
        self.unmount(name)
        self.finish_removal(name)
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._root / name, self._root / f"{_REMOVING}{name}")
            durable.sync_directory(self._root)

    def finish_removal(self, name: str) -> None:
        """Delete what `begin_removal` put aside."""
        aside = self._root / f"{_REMOVING}{name}"
        with contextlib.suppress(OSError):
            os.rmdir(aside / _DATA)
        try:
            os.rmdir(aside)
        except FileNotFoundError:
            return
        except OSError:
            descriptor = os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._jobs.run("pydock.worker.volume_trees:remove", {"name": aside.name}, [descriptor])
            finally:
                os.close(descriptor)

    def recover(self) -> tuple[list[str], list[str]]:
        """What a crash may have left: (volumes whose removal had begun, all volumes that have a directory)."""
        self._make_root()
        names = os.listdir(self._root)
        removed = [name.removeprefix(_REMOVING) for name in names if name.startswith(_REMOVING)]
        return removed, [name for name in names if not name.startswith(".") and self._is_volume(name)]

    def mount(self, name: str, options: Mapping[str, str]) -> None:
        """Mount what the driver options say on the volume's directory, unless it is mounted already."""
        path = self.path(name)
        if m.is_mount_point(str(path)):
            return
        kind, device = options.get("type", ""), options.get("device", "")
        flags, propagation, data = mount_flags.parse(options.get("o", ""))
        try:
            device, data = mount_flags.resolve(kind, device, data)
            m.mount(
                device,
                str(path),
                kind,
                flags & ~mount_flags.MS_AFTER_BIND if flags & mount_flags.MS_BIND else flags,
                data,
            )
            if flags & mount_flags.MS_BIND and flags & mount_flags.MS_AFTER_BIND:
                m.mount("", str(path), "", flags | mount_flags.MS_REMOUNT)
            if propagation:
                m.mount("", str(path), "", propagation)
        except System as error:
            raise System(f"error while mounting volume '{path}': {error.message}") from error
        except OSError as error:
            self.unmount(name)
            told = f", flags: 0x{flags:x}" if flags else ""
            told += f", data: {mount_flags.without_passwords(data)}" if data else ""
            raise System(
                f"error while mounting volume '{path}': failed to mount local volume: "
                f"mount {device}:{path}{told}: {(error.strerror or str(error)).lower()}"
            ) from error

    def unmount(self, *names: str) -> None:
        """Undo each `mount`; nothing happens where nothing is mounted."""
        for name in names:
            unmount(self.path(name))

    def copy_up(
        self, name: str, options: Mapping[str, str], rootfs: Sequence[Mount], target: str, subpath: str = ""
    ) -> None:
        """Fill the volume, or the directory below it, where that is empty, with what `rootfs` has at `target`."""
        path = self.path(name)
        if options:
            try:
                self.mount(name, options)
            except System as error:
                raise System(f"failed to populate volume: {error.message}") from error
        try:
            volume = _open_directory(path, subpath)
        except (PydockError, NotADirectoryError):
            return  # what is wrong with it the start says
        try:
            if os.listdir(volume):
                return
            arguments = {"mounts": [view.wire(mount) for mount in rootfs], "target": target, "scratch": str(path)}
            self._jobs.run("pydock.worker.copy_up:copy_up", arguments, [volume])
        finally:
            os.close(volume)

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """The bytes in each volume's files; 0 for one that is gone."""
        paths = {name: str(self.path(name)) for name in names}
        return dict(self._jobs.run("pydock.worker.volume_trees:sizes", {"paths": paths}).value) if paths else {}

    def _is_volume(self, name: str) -> bool:
        """Whether its directory is there; what is mounted on it is not asked: its server may be gone for good."""
        try:
            with os.scandir(self._root / name) as entries:
                return any(entry.name == _DATA and entry.is_dir(follow_symlinks=False) for entry in entries)
        except NotADirectoryError:
            return False

    def _make_root(self) -> None:
        self._root.mkdir(0o701, parents=True, exist_ok=True)


def _open_directory(path: Path, subpath: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if not subpath:
        return os.open(path, flags)
    found = open_below(path, subpath)
    try:
        return os.open(f"/proc/self/fd/{found}", flags)
    finally:
        os.close(found)
