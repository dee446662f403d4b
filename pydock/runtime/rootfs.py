"""The steps that make a container's root: its mounts, its /dev, what is masked in it, and the pivot into it.

Every target is resolved inside the new root and mounted on by descriptor, so that no link in an image, and no race
with one, reaches the host.  `plan` puts the steps in order.
"""

import errno
import os
import stat
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux import mount as m
from pydock.linux import mount_options
from pydock.linux.files import PROC_SUPER_MAGIC, filesystem_type
from pydock.linux.inside import open_inside, open_or_none, open_target
from pydock.linux.mount_options import MountOptions
from pydock.linux.mounting import file_system, make_tree, set_attributes
from pydock.linux.mounts import Mount
from pydock.runtime.steps import Context

#: files below /proc that a mount may cover: what lxcfs provides
_PROC_FILES = frozenset(
    f"/proc/{name}"
    for name in (
        "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo",
        "net/dev", "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled",
    )
)  # fmt: skip
_PROC_ROOT_INODE = 1  # PROC_ROOT_INO: a part of /proc bound over /proc would leave the masks beside the mark


@dataclass(frozen=True, slots=True)
class MakeMountsSlave:
    """What is mounted in here must never show on the host; what the host mounts may show in here."""

    def describe(self) -> str:
        return "make the mounts of the host slaves"

    def execute(self, context: Context) -> None:
        m.mount("", "/", "", m.MS_REC | m.MS_SLAVE)


@dataclass(frozen=True, slots=True)
class MountRoot:
    """The layers become the root: an overlay as a rule, or one directory."""

    mounts: tuple[Mount, ...]
    mountpoint: str

    def describe(self) -> str:
        return f"mount the root file system on {self.mountpoint}"

    def execute(self, context: Context) -> None:
        first, *others = self.mounts
        tree = make_tree(first, self.mountpoint)
        point = os.open(self.mountpoint, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        m.move_mount(tree, point)
        os.close(point)
        context.root = tree
        for mount in others:
            tree = make_tree(mount, self.mountpoint)
            is_directory = stat.S_ISDIR(os.fstat(tree).st_mode)
            attach(tree, open_target(context.root, mount.target, directory=is_directory))


def attach(tree: int, target: int, propagation: tuple[int, bool] | None = None) -> None:
    """Put the detached mount `tree` on `target` and close both; private unless `propagation` says otherwise."""
    try:
        m.move_mount(tree, target)
        if propagation:
            m.mount_setattr(tree, propagation=propagation[0], flags=m.AT_RECURSIVE if propagation[1] else 0)
    finally:
        os.close(tree)
        os.close(target)


@dataclass(frozen=True, slots=True)
class OpenShared:
    """Take hold of a bind's source while its mount still is a peer of the host's: mounts show both ways then."""

    source: str
    destination: str
    recursive: bool

    def describe(self) -> str:
        return f"mount {self.source} on {self.destination}"

    def execute(self, context: Context) -> None:
        flags = m.OPEN_TREE_CLONE | (m.AT_RECURSIVE if self.recursive else 0)
        context.shared[self.destination] = m.open_tree(m.AT_FDCWD, self.source, flags)


@dataclass(frozen=True, slots=True)
class MountInside:
    """One of the spec's mounts."""

    type: str
    source: str
    destination: str
    options: tuple[str, ...] = ()

    def describe(self) -> str:
        return f"mount {self.source or self.type} on {self.destination}"

    def execute(self, context: Context) -> None:
        options = mount_options.parse(self.options)
        if options.bind or self.type == "bind":
            self._bind(context, options)
        else:
            self._mount(context, options)

    def _bind(self, context: Context, options: MountOptions) -> None:
        recursive = m.AT_RECURSIVE if options.recursive else 0
        tree = context.shared.pop(self.destination, -1)
        if tree < 0:
            tree = m.open_tree(m.AT_FDCWD, self.source, m.OPEN_TREE_CLONE | recursive)
        propagation = options.propagation
        if propagation is None or propagation[0] in (m.MS_PRIVATE, m.MS_UNBINDABLE):
            m.mount_setattr(tree, propagation=m.MS_PRIVATE, flags=recursive)
        set_, clear = options.attributes
        # without recursion what is below keeps its flags, as mount(8) has it; read-only is the exception of Docker 25
        if set_ or clear:
            m.mount_setattr(tree, set_=set_, clear=clear)
        if options.deep_attributes != (0, 0):
            m.mount_setattr(
                tree, set_=options.deep_attributes[0], clear=options.deep_attributes[1], flags=m.AT_RECURSIVE
            )
        is_directory = stat.S_ISDIR(os.fstat(tree).st_mode)
        target = open_target(context.root, self.destination, directory=is_directory)
        self._refuse_proc(target, tree)
        if is_directory != stat.S_ISDIR(os.fstat(target).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.destination)
        attach(tree, target, propagation)

    def _mount(self, context: Context, options: MountOptions) -> None:
        there = open_or_none(context.root, self.destination)
        target = there if there is not None else open_target(context.root, self.destination, directory=True)
        if self.type not in ("proc", "sysfs"):
            self._refuse_proc(target, -1)
        else:
            self._refuse_link(context)
        data = options.data
        if self.type == "tmpfs" and options.value("mode") is None and there is not None:
            # as it was before the mount, for /tmp above all
            data = (*data, ("mode", f"{stat.S_IMODE(os.fstat(target).st_mode):o}"))
        if self.type == "devpts":
            data = tuple(pair for pair in data if pair[0] != "newinstance")  # always so, since Linux 4.7
        tree = file_system(self.type, self.source or self.type, data, options.attributes[0])
        set_attributes(tree, options)
        if options.copy_up:
            copy_up(target, tree)
        attach(tree, target, options.propagation)

    def _refuse_link(self, context: Context) -> None:
        """/proc and /sys themselves must be directories: a link there would leave the masks beside the mark."""
        found = open_inside(context.root, self.destination, os.O_PATH | os.O_NOFOLLOW)
        try:
            if not stat.S_ISDIR(os.fstat(found).st_mode):
                raise InvalidParameter(f"{self.destination} must be a directory, not a link")
        finally:
            os.close(found)

    def _refuse_proc(self, target: int, tree: int) -> None:
        """No mount over /proc or into it, directly or by a link; a whole /proc may be bound there, as Docker allows."""
        destination = os.path.normpath(self.destination)
        if filesystem_type(target) != PROC_SUPER_MAGIC and destination != "/proc":
            return
        if destination == "/proc" and tree >= 0:
            allowed = filesystem_type(tree) == PROC_SUPER_MAGIC and os.fstat(tree).st_ino == _PROC_ROOT_INODE
        else:
            allowed = destination in _PROC_FILES
        if not allowed:
            raise InvalidParameter(f'"{self.destination}" cannot be mounted because it is inside /proc')


def copy_up(target: int, tree: int) -> None:
    """Copy what is in directory `target` to the new file system `tree`: owners, modes, times, links, attributes."""
    source = os.open(f"/proc/self/fd/{target}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    goal = os.open(f"/proc/self/fd/{tree}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _copy_directory(source, goal)
    finally:
        os.close(source)
        os.close(goal)


def _copy_directory(source: int, goal: int) -> None:
    for name in os.listdir(source):
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=goal)
        elif stat.S_ISDIR(status.st_mode):
            os.mkdir(name, 0o700, dir_fd=goal)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            inner, new = os.open(name, flags, dir_fd=source), os.open(name, flags, dir_fd=goal)
            try:
                _copy_directory(inner, new)
            finally:
                os.close(inner)
                os.close(new)
        elif stat.S_ISREG(status.st_mode):
            _copy_file(source, goal, name)
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=goal)
        os.chown(name, status.st_uid, status.st_gid, dir_fd=goal, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=goal)
        os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=goal, follow_symlinks=False)


def _copy_file(source: int, goal: int, name: str) -> None:
    inner = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=goal)
    try:
        while data := os.read(inner, 1 << 20):
            view = memoryview(data)
            while view:
                view = view[os.write(new, view) :]
    finally:
        os.close(inner)
        os.close(new)


@dataclass(frozen=True, slots=True)
class SetRootFlags:
    """The root's own mount becomes read-only where asked, and takes the propagation asked for."""

    readonly: bool
    propagation: str = ""

    def describe(self) -> str:
        return "set the flags of the root file system"

    def execute(self, context: Context) -> None:
        if self.readonly:
            m.mount_setattr(context.root, set_=m.MOUNT_ATTR_RDONLY)
        if self.propagation:
            wanted = mount_options.parse((self.propagation,)).propagation
            if wanted is None:
                raise InvalidParameter(f"unknown propagation: {self.propagation}")
            # each mount below has said for itself what it is
            m.mount_setattr(context.root, propagation=wanted[0])


@dataclass(frozen=True, slots=True)
class PivotRoot:
    """Into the new root, with the old one gone: pivot_root(2), "pivot_root(".", ".")"."""

    def describe(self) -> str:
        return "pivot into the root file system"

    def execute(self, context: Context) -> None:
        os.fchdir(context.root)
        m.pivot_root(".", ".")
        m.umount2(".", m.MNT_DETACH)
        os.chdir("/")
        os.close(context.root)
        context.root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


@dataclass(frozen=True, slots=True)
class MakeReadOnly:
    """A path stays visible but cannot be written."""

    path: str

    def describe(self) -> str:
        return f"make {self.path} read-only"

    def execute(self, context: Context) -> None:
        target = open_or_none(context.root, self.path)
        if target is None:
            return
        tree = m.open_tree(target, "", m.OPEN_TREE_CLONE | m.AT_RECURSIVE | m.AT_EMPTY_PATH)
        m.mount_setattr(tree, set_=m.MOUNT_ATTR_RDONLY, flags=m.AT_RECURSIVE)
        attach(tree, target)


@dataclass(frozen=True, slots=True)
class Mask:
    """A path shows nothing: an empty read-only directory, or /dev/null, lies over it."""

    path: str

    def describe(self) -> str:
        return f"mask {self.path}"

    def execute(self, context: Context) -> None:
        target = open_or_none(context.root, self.path)
        if target is None:
            return
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            attach(_null(context.root), target)
            return
        if context.blank < 0:
            data = (("nr_blocks", "1"), ("nr_inodes", "1"))
            context.blank = file_system("tmpfs", "tmpfs", data, m.MOUNT_ATTR_RDONLY)
            m.move_mount(context.blank, target)
            os.close(target)
            return
        attach(m.open_tree(context.blank, "", m.OPEN_TREE_CLONE | m.AT_EMPTY_PATH), target)


def _null(root: int) -> int:
    """A copy of the mount of /dev/null, which is checked to be just that: the image may have had a say in /dev."""
    found = open_inside(root, "/dev/null", os.O_PATH | os.O_NOFOLLOW)
    try:
        status = os.fstat(found)
        if not stat.S_ISCHR(status.st_mode) or status.st_rdev != os.makedev(1, 3):
            raise InvalidParameter("/dev/null is not the null device")
        return m.open_tree(found, "", m.OPEN_TREE_CLONE | m.AT_EMPTY_PATH)
    finally:
        os.close(found)
