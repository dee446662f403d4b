"""The step that shows a container its control groups below /sys/fs/cgroup."""

import os
from dataclasses import dataclass

from pydock.linux import mount as m
from pydock.linux import mount_options
from pydock.linux.inside import open_inside, open_target
from pydock.linux.mounting import file_system, set_attributes
from pydock.runtime.cgroups import Layout
from pydock.runtime.rootfs import attach
from pydock.runtime.steps import Context


@dataclass(frozen=True, slots=True)
class MountCgroups:
    """Version 2: the one file system.  Version 1: a directory for each hierarchy, links for controllers that share one.

    In a cgroup namespace of its own the container sees its group as the root; else its group's directory is bound.
    ``group`` is the group's path, "" where the container stays in the caller's.
    """

    destination: str
    options: tuple[str, ...]
    layout: Layout
    group: str
    own_namespace: bool

    def describe(self) -> str:
        return f"mount the control groups on {self.destination}"

    def execute(self, context: Context) -> None:
        options = mount_options.parse(self.options)
        target = open_target(context.root, self.destination, directory=True)
        if self.layout.version == 2:
            tree = file_system("cgroup2", "cgroup", options.data, options.attributes[0])
            set_attributes(tree, options)
            attach(tree, target, options.propagation)
            return
        data = (("mode", "755"), ("size", "4096k"), ("nr_inodes", "1024"))
        attach(file_system("tmpfs", "tmpfs", data, options.attributes[0] & ~m.MOUNT_ATTR_RDONLY), target)
        names = self._names()
        directory = open_inside(context.root, self.destination, os.O_PATH | os.O_DIRECTORY)
        for mountpoint, name in names.items():
            self._hierarchy(directory, mountpoint, name, options.attributes[0])
        for controller, mountpoint in self.layout.v1.items():
            if controller != names[mountpoint]:
                os.symlink(names[mountpoint], controller, dir_fd=directory)
        if options.attributes[0] & m.MOUNT_ATTR_RDONLY:
            m.mount_setattr(directory, set_=m.MOUNT_ATTR_RDONLY)
        os.close(directory)

    def _names(self) -> dict[str, str]:
        """The directory name of each v1 hierarchy by its mount point: cpu,cpuacct for one that is shared."""
        shared: dict[str, list[str]] = {}
        for controller, mountpoint in self.layout.v1.items():
            shared.setdefault(mountpoint, []).append(controller)
        names = {mountpoint: ",".join(controllers) for mountpoint, controllers in shared.items()}
        return names | {mountpoint: name for name, mountpoint in self.layout.named.items()}

    def _hierarchy(self, directory: int, mountpoint: str, name: str, attributes: int) -> None:
        """Mount a hierarchy on a directory `name`, made below `directory`: an empty file system that is ours alone."""
        os.mkdir(name, 0o755, dir_fd=directory)
        target = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        if self.own_namespace:
            words = [f"name={name}"] if mountpoint in self.layout.named.values() else name.split(",")
            data = tuple((key, value or None) for key, _, value in (word.partition("=") for word in words))
            tree = file_system("cgroup", "cgroup", data, attributes)
        else:
            tree = m.open_tree(m.AT_FDCWD, mountpoint + (self.group or ""), m.OPEN_TREE_CLONE)
            m.mount_setattr(tree, set_=attributes, propagation=m.MS_PRIVATE)
        attach(tree, target)
