"""Who a container's process is: Docker's ``--user`` text looked up in the root's own /etc/passwd and /etc/group.

Called inside the root, before anything is dropped.  Both files come with the image: only regular files of bounded
size are read, numbers are checked, and a name that cannot be found is an error, never root.  What is no regular file
has no entries, as in Docker: numbers, and root where nobody is named, need none.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux.inside import open_inside

MAX_ID = 2**31 - 1
MAX_FILE = 8 << 20
#: of groups that a process can be in: NGROUPS_MAX, limits.h
MAX_GROUPS = 65536

Entries = Callable[[], Iterator[list[str]]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Ids, supplementary groups and home directory of a user."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def look_up(root: int, user: str, additional: Iterable[str] = ()) -> Identity:
    """The identity that `user` (``name``, ``uid``, ``name:group``, ... or "") has in the file system `root`."""
    name, separator, group = user.partition(":")
    if separator and not group and not name:
        raise InvalidParameter(f"invalid user: {user!r}")
    passwd = _entries(root, "/etc/passwd", 7)
    entry = next((fields for fields in passwd() if _is_user(fields, name or "0")), None)
    if entry is not None:
        login, uid, gid = entry[0], _id(entry[2], user), _id(entry[3], user)
        home = entry[5] if entry[5].startswith("/") else "/"
    elif not name:
        login, uid, gid, home = "", 0, 0, "/"
    elif name.isascii() and name.isdigit():
        login, uid, gid, home = "", _id(name, user), 0, "/"
    elif re.fullmatch("[+-][0-9]+", name):
        login, uid, gid, home = "", _id(name.removeprefix("+"), user), 0, "/"
    else:
        raise InvalidParameter(f"unable to find user {name}: no matching entries in passwd file")
    groups = _entries(root, "/etc/group", 4) if login or group or additional else _none
    members: tuple[int, ...] = ()
    if group:
        gid = _group_id(groups, group)
    else:
        members = tuple({_id(fields[2], user): None for fields in groups() if login and login in fields[3].split(",")})
    extra = tuple(_group_id(groups, wanted) for wanted in additional)
    all_groups = tuple(dict.fromkeys((gid, *members, *extra)))
    if len(all_groups) > MAX_GROUPS:
        raise InvalidParameter(f"user {login or name} is in more than {MAX_GROUPS} groups")
    return Identity(uid, gid, all_groups, home)


def home_of(root: int, uid: int) -> str:
    """The home directory of `uid`, "/" where it has none."""
    for fields in _entries(root, "/etc/passwd", 7)():
        if fields[2] == str(uid):
            return fields[5] if fields[5].startswith("/") else "/"
    return "/"


def _is_user(fields: list[str], name: str) -> bool:
    number = name.isascii() and name.isdigit()
    return fields[0] == name or (number and fields[2] == (name.lstrip("0") or "0"))


def _group_id(groups: Entries, wanted: str) -> int:
    for fields in groups():
        if fields[0] == wanted:
            return _id(fields[2], wanted)
    if wanted.isascii() and wanted.isdigit():
        return _id(wanted, wanted)
    raise InvalidParameter(f"unable to find group {wanted}: no matching entries in group file")


def _id(text: str, user: str) -> int:
    """A number within what Docker takes for an id."""
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MAX_ID:
        raise InvalidParameter(f"uids and gids must be in range 0-{MAX_ID}")
    return int(text)


def _none() -> Iterator[list[str]]:
    return iter(())


def _entries(root: int, path: str, columns: int) -> Entries:
    """The lines of a colon-separated file, those with too few columns left out; none where there is no regular file.

    The file is read once, and its lines are made as often as asked: all at once they would be many times its size.
    """
    content = _read(root, path)
    return lambda: _split(content, columns)


def _split(content: str, columns: int) -> Iterator[list[str]]:
    start = 0
    while start < len(content):
        end = content.find("\n", start)
        end = len(content) if end < 0 else end
        line = content[start:end]
        start = end + 1
        fields = line.strip().split(":")
        if line[:1] != "#" and len(fields) >= columns and fields[0]:
            yield fields


def _read(root: int, path: str) -> str:
    try:
        place = open_inside(root, path)
        try:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                return ""  # opening a device is doing something with it
        finally:
            os.close(place)
        # O_NONBLOCK: a FIFO that came in its place meanwhile must not hold the start up
        descriptor = open_inside(root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        parts = []
        size = 0
        while part := os.read(descriptor, 1 << 16):
            size += len(part)
            if size > MAX_FILE:
                raise InvalidParameter(f"{path} is larger than {MAX_FILE} bytes")
            parts.append(part)
        return b"".join(parts).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)
