"""What stands in a container's /dev, and which devices its control group may use.

The daemon takes rules from here for the spec; the root's set-up makes the nodes.
"""

import os
import stat

from pydock.errors import InvalidParameter
from pydock.runtime.spec import Device, DeviceRule


def _character(path: str, major: int, minor: int) -> Device:
    return {"path": path, "type": "c", "major": major, "minor": minor, "fileMode": 0o666, "uid": 0, "gid": 0}


#: made in every container
DEFAULT_DEVICES: tuple[Device, ...] = (
    _character("/dev/null", 1, 3),
    _character("/dev/zero", 1, 5),
    _character("/dev/full", 1, 7),
    _character("/dev/random", 1, 8),
    _character("/dev/urandom", 1, 9),
    _character("/dev/tty", 5, 0),
)
#: links that stand in every /dev; the last only where /proc/kcore is
DEFAULT_LINKS = (
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
    ("/proc/kcore", "core"),
)


def _allow(kind: str, major: int | None, minor: int | None, access: str) -> DeviceRule:
    rule: DeviceRule = {"allow": True, "type": kind, "access": access}
    if major is not None:
        rule["major"] = major
    if minor is not None:
        rule["minor"] = minor
    return rule


#: nothing but: making any node, the default devices, console, terminals (not tun, since runc 1.2)
DEFAULT_RULES: tuple[DeviceRule, ...] = (
    {"allow": False, "access": "rwm"},
    _allow("c", None, None, "m"),
    _allow("b", None, None, "m"),
    *(_allow("c", device.get("major"), device.get("minor"), "rwm") for device in DEFAULT_DEVICES),
    _allow("c", 5, 1, "rwm"),
    _allow("c", 5, 2, "rwm"),
    _allow("c", 136, None, "rwm"),
)
#: every device, for a privileged container
ALL_RULES: tuple[DeviceRule, ...] = ({"allow": True, "access": "rwm"},)


def host_device(path: str, inside: str, access: str) -> tuple[Device, DeviceRule]:
    """The node `inside` and its rule for a device of the host (``--device``); InvalidParameter where it is none."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{path}": {error.strerror}'
        ) from error
    kind = {stat.S_IFCHR: "c", stat.S_IFBLK: "b"}.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{path}": not a device node'
        )
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    node: Device = {
        "path": inside, "type": kind, "major": major, "minor": minor,
        "fileMode": stat.S_IMODE(status.st_mode), "uid": status.st_uid, "gid": status.st_gid,
    }  # fmt: skip
    return node, _allow(kind, major, minor, access)
