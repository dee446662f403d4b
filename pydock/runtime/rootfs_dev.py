"""The steps that fill /dev: device nodes and the links beside them."""

import os
import stat
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux import mount as m
from pydock.linux.inside import make_directories, open_inside, open_target
from pydock.runtime.devices import DEFAULT_LINKS
from pydock.runtime.rootfs import attach
from pydock.runtime.spec import Device
from pydock.runtime.steps import Context

_TYPES = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}


@dataclass(frozen=True, slots=True)
class MakeDevice:
    """One node; where the kernel refuses to make it (a user namespace) the host's own is bound in its place."""

    device: Device

    def describe(self) -> str:
        return f"make device {self.device['path']}"

    def execute(self, context: Context) -> None:
        device = self.device
        directory, name = os.path.split(os.path.normpath("/" + device["path"]))
        if not name:
            raise InvalidParameter(f"invalid device path: {device['path']!r}")
        above = make_directories(context.root, directory)
        try:
            number = os.makedev(device.get("major", 0), device.get("minor", 0))
            mode = device.get("fileMode", 0o666) & 0o7777
            kind = _TYPES[device["type"]]
            try:
                os.mknod(name, kind | mode, number, dir_fd=above)
            except FileExistsError:
                _replace(above, name, kind | mode, number)
            except PermissionError:
                self._bind(context)
                return
            os.chown(name, device.get("uid", 0), device.get("gid", 0), dir_fd=above, follow_symlinks=False)
        finally:
            os.close(above)

    def _bind(self, context: Context) -> None:
        tree = m.open_tree(m.AT_FDCWD, self.device["path"], m.OPEN_TREE_CLONE)
        attach(tree, open_target(context.root, self.device["path"], directory=False))


def _replace(above: int, name: str, mode: int, number: int) -> None:
    """Something is there already: fine where it is the same device, or else it goes, when it is not a directory."""
    status = os.stat(name, dir_fd=above, follow_symlinks=False)
    if stat.S_IFMT(status.st_mode) == stat.S_IFMT(mode) and status.st_rdev == number:
        return
    os.unlink(name, dir_fd=above)
    os.mknod(name, mode, number, dir_fd=above)


@dataclass(frozen=True, slots=True)
class MakeDeviceLinks:
    """/dev/fd, stdin, stdout, stderr, ptmx and core."""

    def describe(self) -> str:
        return "make the links in /dev"

    def execute(self, context: Context) -> None:
        directory = open_inside(context.root, "/dev", os.O_PATH | os.O_DIRECTORY)
        try:
            for goal, name in DEFAULT_LINKS:
                if name == "core" and not os.path.exists("/proc/kcore"):
                    continue
                if name == "ptmx":
                    _remove_file(directory, name)
                try:
                    os.symlink(goal, name, dir_fd=directory)
                except FileExistsError:
                    continue
        finally:
            os.close(directory)


def _remove_file(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass
