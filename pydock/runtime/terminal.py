"""A container's terminal: made in the container's own devpts, so that it has a name in there.

The master side travels to the caller of launch; the other side becomes 0 to 2 and, for PID 1, /dev/console.
"""

import fcntl
import os
import stat
import struct
import termios
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux import mount as m
from pydock.linux.files import (
    DEVPTS_SUPER_MAGIC,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_SYMLINKS,
    filesystem_type,
    openat2,
    terminal_peer,
    unlock_terminal,
)
from pydock.runtime.steps import Context

_PTMX = os.makedev(5, 2)


def set_size(descriptor: int, height: int, width: int) -> None:
    """TIOCSWINSZ: rows and columns; the foreground processes get SIGWINCH."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def open_pair(root: int) -> tuple[int, int]:
    """A new terminal of the root's devpts: (master, other side).  The multiplexer is checked to be the real one."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK
    master = openat2(root, "dev/pts/ptmx", flags, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
    status = os.fstat(master)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _PTMX or filesystem_type(master) != DEVPTS_SUPER_MAGIC:
        os.close(master)
        raise InvalidParameter("/dev/pts/ptmx is not a terminal multiplexer")
    os.set_blocking(master, True)
    unlock_terminal(master)
    return master, terminal_peer(master)


@dataclass(frozen=True, slots=True)
class MakeTerminal:
    """A terminal becomes this session's controlling one; for PID 1 /dev/console is it too."""

    console: bool
    height: int = 0
    width: int = 0

    def describe(self) -> str:
        return "set the terminal up"

    def execute(self, context: Context) -> None:
        # whatever a running container puts in the multiplexer's place can only be what its group may open
        context.await_cgroup()
        master, peer = open_pair(context.root)
        if self.height or self.width:
            set_size(master, self.height, self.width)
        if self.console:
            _make_console(context.root, peer)
        context.send_terminal(master)
        os.close(master)
        for descriptor in (0, 1, 2):
            os.dup2(peer, descriptor)
        os.close(peer)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _make_console(root: int, peer: int) -> None:
    directory = openat2(root, "dev", os.O_PATH | os.O_DIRECTORY, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
    try:
        try:
            os.close(os.open("console", os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o600, dir_fd=directory))
        except FileExistsError:
            pass
        target = os.open("console", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    finally:
        os.close(directory)
    tree = m.open_tree(peer, "", m.OPEN_TREE_CLONE | m.AT_EMPTY_PATH)
    try:
        m.move_mount(tree, target)
    finally:
        os.close(tree)
        os.close(target)
