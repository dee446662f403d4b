"""mount(2) and the calls of the mount API that replaced it (fsopen(2), open_tree(2), mount_setattr(2)).

The runtime and the workers call these.  A file system is made detached (`fsmount`, `open_tree`) and attached by
descriptor (`move_mount`), so that no path is resolved twice.
"""

import ctypes
import errno
import os
from typing import Final

from pydock.linux.files import RESOLVE_NO_XDEV, openat2
from pydock.linux.syscall import check, libc, syscall

MS_RDONLY: Final = 0x1
MS_REC: Final = 0x4000
MS_UNBINDABLE: Final = 1 << 17
MS_PRIVATE: Final = 1 << 18
MS_SLAVE: Final = 1 << 19
MS_SHARED: Final = 1 << 20

MNT_DETACH: Final = 2
UMOUNT_NOFOLLOW: Final = 8

AT_FDCWD: Final = -100
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000

FSOPEN_CLOEXEC: Final = 1
FSCONFIG_SET_FLAG: Final = 0
FSCONFIG_SET_STRING: Final = 1
FSCONFIG_CMD_CREATE: Final = 6
FSMOUNT_CLOEXEC: Final = 1

OPEN_TREE_CLONE: Final = 1
OPEN_TREE_CLOEXEC: Final = os.O_CLOEXEC

MOVE_MOUNT_F_EMPTY_PATH: Final = 0x4
MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40

MOUNT_ATTR_RDONLY: Final = 0x1
MOUNT_ATTR_NOSUID: Final = 0x2
MOUNT_ATTR_NODEV: Final = 0x4
MOUNT_ATTR_NOEXEC: Final = 0x8
MOUNT_ATTR_ATIME: Final = 0x70
MOUNT_ATTR_RELATIME: Final = 0x0
MOUNT_ATTR_NOATIME: Final = 0x10
MOUNT_ATTR_STRICTATIME: Final = 0x20
MOUNT_ATTR_NODIRATIME: Final = 0x80
MOUNT_ATTR_NOSYMFOLLOW: Final = 0x200000

libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)


class _MountAttr(ctypes.Structure):
    """struct mount_attr, mount_setattr(2)."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    encoded = [os.fsencode(text) for text in (source, target, kind, data)]
    check(libc.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]), target)


def umount2(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    check(libc.umount2(os.fsencode(target), flags), target)


def is_mount_point(path: str) -> bool:
    """Whether something is mounted at `path`, a bind within one file system too, which os.path.ismount misses."""
    directory = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(openat2(directory, os.path.basename(path), os.O_PATH | os.O_NOFOLLOW, resolve=RESOLVE_NO_XDEV))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return True
    finally:
        os.close(directory)
    return False


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    syscall("pivot_root", os.fsencode(new_root), os.fsencode(put_old), path=new_root)


def fsopen(kind: str) -> int:
    """fsopen(2): a context in which a new file system of `kind` is configured."""
    return syscall("fsopen", kind.encode(), FSOPEN_CLOEXEC, path=kind)


def fsconfig_flag(context: int, key: str) -> None:
    """fsconfig(2), FSCONFIG_SET_FLAG."""
    syscall("fsconfig", context, FSCONFIG_SET_FLAG, key.encode(), None, 0, path=key)


def fsconfig_string(context: int, key: str, value: str) -> None:
    """fsconfig(2), FSCONFIG_SET_STRING."""
    syscall("fsconfig", context, FSCONFIG_SET_STRING, key.encode(), os.fsencode(value), 0, path=f"{key}={value}")


def fsconfig_create(context: int) -> None:
    """fsconfig(2), FSCONFIG_CMD_CREATE: make the superblock."""
    syscall("fsconfig", context, FSCONFIG_CMD_CREATE, None, None, 0)


def fsmount(context: int, attributes: int = 0) -> int:
    """fsmount(2): a detached mount of the configured file system, as a descriptor."""
    return syscall("fsmount", context, FSMOUNT_CLOEXEC, attributes)


def open_tree(directory: int, path: str, flags: int) -> int:
    """open_tree(2): a mount as a descriptor; with OPEN_TREE_CLONE a detached copy (bind mount)."""
    return syscall("open_tree", directory, os.fsencode(path), ctypes.c_uint(flags | OPEN_TREE_CLOEXEC), path=path)


def move_mount(tree: int, target: int, path: str = "") -> None:
    """move_mount(2): attach the mount `tree` at `path` below descriptor `target` (at itself where empty)."""
    flags = MOVE_MOUNT_F_EMPTY_PATH | (0 if path else MOVE_MOUNT_T_EMPTY_PATH)
    syscall("move_mount", tree, b"", target, os.fsencode(path), ctypes.c_uint(flags), path=path or None)


def mount_setattr(tree: int, *, set_: int = 0, clear: int = 0, propagation: int = 0, flags: int = 0) -> None:
    """mount_setattr(2) on the mount that descriptor `tree` stands for; AT_RECURSIVE in `flags` for all below."""
    attributes = _MountAttr(set_, clear, propagation, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    syscall("mount_setattr", tree, b"", ctypes.c_uint(flags | AT_EMPTY_PATH), ctypes.byref(attributes), size)
