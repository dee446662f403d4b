"""Mounts as values made real: each becomes a detached tree, to be attached by descriptor.

The runtime's set-up steps and the workers call this.
"""

import errno
import os
import re
from contextlib import ExitStack

from pydock.linux import mount as m
from pydock.linux import mount_options
from pydock.linux.inside import open_inside
from pydock.linux.mount_options import MountOptions
from pydock.linux.mounts import Mount

_PAGE = 4096
#: the options of an overlay that name a directory
_OWN = ("upperdir", "workdir")
#: by its version the kernel may know ``lowerdir+``; asked in vain, older ones complain in their log at each mount
_APPENDS_LAYERS = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 7)


def make_tree(mount: Mount, scratch: str) -> int:
    """The detached mount that the value `mount` stands for; `scratch`: a directory to mount on meanwhile."""
    options = mount_options.parse(mount.options)
    if mount.type == "overlay":
        tree = _overlay(mount, options, scratch)
    elif options.bind or mount.type == "bind":
        tree = m.open_tree(m.AT_FDCWD, mount.source, m.OPEN_TREE_CLONE | (m.AT_RECURSIVE if options.recursive else 0))
        m.mount_setattr(tree, propagation=m.MS_PRIVATE, flags=m.AT_RECURSIVE)
    else:
        tree = file_system(mount.type, mount.source, options.data, options.attributes[0])
    set_attributes(tree, options)
    return _below(tree, mount.subpath, scratch) if mount.subpath else tree


def _below(tree: int, path: str, scratch: str) -> int:
    """What is at `path` in the mount `tree`, as a mount of its own: only what is attached can be cloned."""
    point = os.open(scratch, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        m.move_mount(tree, point)
        try:
            inside = open_inside(tree, path)
            try:
                return m.open_tree(inside, "", m.OPEN_TREE_CLONE | m.AT_EMPTY_PATH)
            finally:
                os.close(inside)
        finally:
            m.umount2(scratch, m.MNT_DETACH)
    finally:
        os.close(point)
        os.close(tree)


def file_system(kind: str, source: str, data: tuple[tuple[str, str | None], ...], attributes: int) -> int:
    """A new file system of `kind`, mounted detached."""
    context = m.fsopen(kind)
    try:
        if source:
            m.fsconfig_string(context, "source", source)
        for key, value in data:
            if value is None:
                m.fsconfig_flag(context, key)
            else:
                m.fsconfig_string(context, key, value)
        m.fsconfig_create(context)
        return m.fsmount(context, attributes)
    finally:
        os.close(context)


def _overlay(mount: Mount, options: MountOptions, scratch: str) -> int:
    """An overlay, whose directories are named from the one that they all are in: that one may have a name that is too
    long for an option, or has characters in it that mean something there.
    """
    if not _APPENDS_LAYERS:
        return _overlay_of_a_page(mount, options, scratch)
    own = {key: value for key, value in options.data if key in _OWN and value}
    common = os.path.commonpath((*mount.lowerdirs, *own.values()))
    os.chdir(common)
    layers: list[tuple[str, str | None]] = [("lowerdir+", os.path.relpath(name, common)) for name in mount.lowerdirs]
    for key, value in options.data:
        # the kernel takes lowerdir+ literally, but not the others
        layers.append((key, os.path.relpath(own[key], common).replace("\\", "\\\\") if key in own else value))
    try:
        return file_system("overlay", "overlay", tuple(layers), options.attributes[0])
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return _overlay_of_a_page(mount, options, scratch)


def _overlay_of_a_page(mount: Mount, options: MountOptions, scratch: str) -> int:
    """An overlay before Linux 6.7: all layers are one option there, longer than the 255 bytes that fsconfig(2) takes.

    mount(2) takes a page, which the names of some fifty layers fill: the directories are named by descriptors.
    """
    with ExitStack() as opened:

        def number(directory: str) -> str:
            descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.callback(os.close, descriptor)
            return str(descriptor)

        words = ["lowerdir=" + ":".join(map(number, mount.lowerdirs))]
        for key, value in options.data:
            words.append(key if value is None else f"{key}={number(value) if key in _OWN else _escaped(value)}")
        text = ",".join(words)
        if len(text) >= _PAGE:
            raise OSError(errno.E2BIG, "too many layers for this kernel")
        os.chdir("/proc/self/fd")
        m.mount("overlay", scratch, "overlay", m.MS_RDONLY if options.attributes[0] & m.MOUNT_ATTR_RDONLY else 0, text)
    try:
        return m.open_tree(m.AT_FDCWD, scratch, m.OPEN_TREE_CLONE)
    finally:
        m.umount2(scratch, m.MNT_DETACH)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,")


def set_attributes(tree: int, options: MountOptions) -> None:
    """Set the flags and the propagation that `options` ask for on the detached mount `tree`."""
    if options.bind and options.attributes != (0, 0):
        m.mount_setattr(tree, set_=options.attributes[0], clear=options.attributes[1])
    elif not options.bind and options.attributes[1] & m.MOUNT_ATTR_ATIME:
        m.mount_setattr(tree, set_=options.attributes[0], clear=m.MOUNT_ATTR_ATIME)
    if options.deep_attributes != (0, 0):
        set_, clear = options.deep_attributes
        m.mount_setattr(tree, set_=set_, clear=clear, flags=m.AT_RECURSIVE)
