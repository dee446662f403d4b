"""Checks of single option values of `run`, `create`, `update` and `network connect`: text in, wire value out.

A check raises ValueError with the words that Docker uses; `flags` puts the flag's name in front.
"""

import os

from pydock.cli.flags import quoted
from pydock.cli.quantities import duration, ram_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["duration"]

SYSCTLS = {
    *("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem"),
    *("kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"),
}
ULIMITS = frozenset(
    "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()  # noqa: SIM905
)
_RATE = "Number must be a positive integer"


def stream(value: str) -> str:
    """One of stdin, stdout and stderr."""
    if value.lower() not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return value.lower()


def environment(value: str) -> str:
    """NAME=VALUE, or NAME, which takes its value from this environment where it has one."""
    name, equals, _ = value.partition("=")
    if not name:
        raise ValueError(f"invalid environment variable: {value}")
    if not equals and name in os.environ:
        return f"{name}={os.environ[name]}"
    return value


def label(value: str) -> str:
    """NAME=VALUE or NAME."""
    name = value.partition("=")[0].lstrip(" \t")
    if not name:
        raise ValueError(f"invalid label '{value}': empty name")
    if " " in name or "\t" in name:
        raise ValueError(f"label '{name}' contains whitespaces")
    return value


def sysctl(value: str) -> str:
    """NAME=VALUE where the name belongs to a namespace."""
    name, equals, _ = value.partition("=")
    if not equals or not (name in SYSCTLS or name.startswith(("net.", "fs.mqueue."))):
        raise ValueError(f"sysctl '{value}' is not allowed")
    return value


def ulimit(value: str) -> "dict[str, Any]":
    """NAME=SOFT[:HARD]."""
    name, equals, limits = value.partition("=")
    if not equals:
        raise ValueError(f"invalid ulimit argument: {value}")
    if name not in ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    soft_text, colon, hard_text = limits.partition(":")
    if ":" in hard_text:
        raise ValueError(f"too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`")
    soft = _integer(soft_text)
    hard = _integer(hard_text) if colon else soft
    if hard != -1 and (soft == -1 or soft > hard):
        shown = "" if soft != -1 else " -1 (unlimited)"
        if shown:
            raise ValueError(
                f"ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: {hard}"
            )
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")
    return {"Name": name, "Hard": hard, "Soft": soft}


def _integer(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"strconv.ParseInt: parsing {quoted(value)}: invalid syntax") from None


def device_rule(value: str) -> str:
    """TYPE MAJOR:MINOR ACCESS, as the devices cgroup has it."""
    kind, _, rest = value.partition(" ")
    numbers, _, access = rest.partition(" ")
    major, _, minor = numbers.partition(":")
    fine = kind in ("a", "b", "c") and all(
        part == "*" or (part.isascii() and part.isdigit()) for part in (major, minor)
    )
    if not fine or not 1 <= len(access) <= 3 or set(access) - set("rwm"):
        raise ValueError(f"invalid device cgroup format '{value}'")
    return value


def address(value: str) -> str:
    """An IP address."""
    import ipaddress

    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise ValueError(f"IP address is not correctly formatted: {value}") from None


def extra_host(value: str) -> str:
    """HOST:ADDRESS or HOST=ADDRESS; the address may be `host-gateway`."""
    name, separator, target = value.partition("=")
    if not separator:
        name, separator, target = value.partition(":")
    if not separator or not name or ":" in name:
        raise ValueError(f"bad format for add-host: {quoted(value)}")
    if target != "host-gateway":
        if len(target) > 2 and target[0] == "[" and target[-1] == "]":
            target = target[1:-1]
        try:
            address(target)
        except ValueError:
            raise ValueError(f"invalid IP address in add-host: {quoted(target)}") from None
    return f"{name}:{target}"


def dns_search(value: str) -> str:
    """A domain, or a dot for none."""
    import re

    value = value.strip(" ")
    if value == ".":
        return value
    found = re.match(
        r"^(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9]))(:?\.(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])))*)\.?\s*$",
        value,
    )
    if not found or len(found[1]) >= 255 or not re.search("[a-zA-Z]", value):
        raise ValueError(f"{value} is not a valid domain")
    return found[1]


def link(value: str) -> str:
    """CONTAINER or CONTAINER:ALIAS."""
    if not value:
        raise ValueError("empty string specified for links")
    if value.count(":") > 1:
        raise ValueError(f"bad format for links: {value}")
    return value


def size(value: str) -> int:
    """A number of bytes with an optional unit."""
    return ram_size(value)


def size_or_unlimited(value: str) -> int:
    """A number of bytes, or -1."""
    return -1 if value == "-1" else ram_size(value)


def cpus(value: str) -> int:
    """A decimal number of CPUs, as billionths."""
    from fractions import Fraction

    try:
        number = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {value} as a rational number") from None
    nano = number * 10**9
    if nano.denominator != 1:
        raise ValueError("value is too precise")
    return int(nano)


def _device(value: str) -> "tuple[str, str]":
    path, colon, rest = value.partition(":")
    if not colon or not path:
        raise ValueError(f"bad format: {value}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {value}")
    return path, rest


def weight_device(value: str) -> "dict[str, Any]":
    """DEVICE:WEIGHT."""
    path, rest = _device(value)
    weight = int(rest) if rest.isascii() and rest.isdigit() else -1
    if not (weight == 0 or 10 <= weight <= 1000):
        raise ValueError(f"invalid weight for device: {value}")
    return {"Path": path, "Weight": weight}


def bytes_rate(value: str) -> "dict[str, Any]":
    """DEVICE:BYTES a second."""
    path, rest = _device(value)
    try:
        rate = ram_size(rest)
    except ValueError:
        rate = -1
    if rate < 0:
        raise ValueError(
            f"invalid rate for device: {value}. The correct format is <device-path>:<number>[<unit>]. {_RATE}. "
            "Unit is optional and can be kb, mb, or gb"
        )
    return {"Path": path, "Rate": rate}


def operations_rate(value: str) -> "dict[str, Any]":
    """DEVICE:OPERATIONS a second."""
    path, rest = _device(value)
    if not (rest.isascii() and rest.isdigit()):
        raise ValueError(f"invalid rate for device: {value}. The correct format is <device-path>:<number>. {_RATE}")
    return {"Path": path, "Rate": int(rest)}


def mount(value: str) -> "dict[str, Any]":
    """The fields of `--mount`."""
    from pydock.cli.create.mounts import parse_mount

    return parse_mount(value)


def network(value: str) -> "dict[str, Any]":
    """NAME, or name=NAME,alias=...,ip=...: an attachment that `networks` reads."""
    from pydock.cli.create.networks import parse_attachment

    return parse_attachment(value)


def gpu_request(value: str) -> "dict[str, Any]":
    """`all`, a count, or fields."""
    from pydock.cli.create.devices import parse_gpus

    return parse_gpus(value)
