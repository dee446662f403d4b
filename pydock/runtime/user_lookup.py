"""Who a container's process is: Docker's ``--user`` text looked up in the root's own /etc/passwd and /etc/group.

Called inside the root, before anything is dropped.  Both files come with the image: only regular files of bounded
size are read, numbers are checked, and a name that cannot be found is an error, never root.  What is no regular file
has no entries, as in Docker: numbers, and root where nobody is named, need none.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux.inside import open_inside

MAX_ID = 2**31 - 1
MAX_FILE = 8 << 20


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
    entry = next((fields for fields in passwd if _is_user(fields, name or "0")), None)
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
    groups = _entries(root, "/etc/group", 4) if login or group or additional else []
    members: tuple[int, ...] = ()
    if group:
        gid = _group_id(groups, group)
    else:
        members = tuple(_id(fields[2], user) for fields in groups if login and login in fields[3].split(","))
    extra = tuple(_group_id(groups, wanted) for wanted in additional)
    return Identity(uid, gid, tuple(dict.fromkeys((gid, *members, *extra))), home)


def home_of(root: int, uid: int) -> str:
    """The home directory of `uid`, "/" where it has none."""
    for fields in _entries(root, "/etc/passwd", 7):
        if fields[2] == str(uid):
            return fields[5] if fields[5].startswith("/") else "/"
    return "/"


def _is_user(fields: list[str], name: str) -> bool:
    return fields[0] == name or (name.isascii() and name.isdigit() and fields[2] == str(int(name)))


def _group_id(groups: list[list[str]], wanted: str) -> int:
    for fields in groups:
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


def _entries(root: int, path: str, columns: int) -> list[list[str]]:
    """The lines of a colon-separated file, those with too few columns left out; [] where there is no regular file."""
    return list(_split(_read(root, path), columns))


def _split(content: str, columns: int) -> Iterator[list[str]]:
    for line in content.split("\n"):
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
