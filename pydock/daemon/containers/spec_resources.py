"""A container's limits and devices as the OCI spec has them.  Pure but for looking at device nodes.

The spec builder calls it for a start, update for what it changes.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from pydock.daemon.containers import failures
from pydock.errors import InvalidParameter, System
from pydock.runtime import devices
from pydock.runtime.spec import (
    BlockIO,
    CpuLimits,
    Device,
    DeviceRule,
    MemoryLimits,
    Resources,
    Rlimit,
    ThrottleDevice,
)

_PERIOD = 100_000
#: how many device rules stand before the user's own in Docker, which counts them for its users
_BUILT_IN = 16
_THROTTLES = (
    ("BlkioDeviceReadBps", "throttleReadBpsDevice"),
    ("BlkioDeviceWriteBps", "throttleWriteBpsDevice"),
    ("BlkioDeviceReadIOps", "throttleReadIOPSDevice"),
    ("BlkioDeviceWriteIOps", "throttleWriteIOPSDevice"),
)
#: what below the host's /dev is no device of the machine
_NOT_HARDWARE = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})


def limits(host: Mapping[str, Any]) -> Resources:
    """Everything but devices."""
    resources: Resources = {}
    if memory := _memory(host):
        resources["memory"] = memory
    if cpu := _cpu(host):
        resources["cpu"] = cpu
    if (pids := host.get("PidsLimit")) is not None:
        resources["pids"] = {"limit": pids if pids > 0 else -1}
    if block := _block(host):
        resources["blockIO"] = block
    return resources


def _memory(host: Mapping[str, Any]) -> MemoryLimits:
    memory: MemoryLimits = {}
    if host["Memory"] > 0:
        memory["limit"] = host["Memory"]
    if host["MemoryReservation"] > 0:
        memory["reservation"] = host["MemoryReservation"]
    if host["MemorySwap"] > 0:
        memory["swap"] = host["MemorySwap"]
    if host.get("MemorySwappiness") is not None:
        memory["swappiness"] = host["MemorySwappiness"]
    if host.get("OomKillDisable"):
        memory["disableOOMKiller"] = True
    if host.get("KernelMemoryTCP"):
        memory["kernelTCP"] = host["KernelMemoryTCP"]
    return memory


def _cpu(host: Mapping[str, Any]) -> CpuLimits:
    cpu: CpuLimits = {}
    if host["CpuShares"]:
        cpu["shares"] = host["CpuShares"]
    if host["CpusetCpus"]:
        cpu["cpus"] = host["CpusetCpus"]
    if host["CpusetMems"]:
        cpu["mems"] = host["CpusetMems"]
    if host["NanoCpus"] > 0:
        cpu["period"], cpu["quota"] = _PERIOD, host["NanoCpus"] * _PERIOD // 10**9
    if host["CpuPeriod"]:
        cpu["period"] = host["CpuPeriod"]
    if host["CpuQuota"]:
        cpu["quota"] = host["CpuQuota"]
    if host["CpuRealtimePeriod"]:
        cpu["realtimePeriod"] = host["CpuRealtimePeriod"]
    if host["CpuRealtimeRuntime"]:
        cpu["realtimeRuntime"] = host["CpuRealtimeRuntime"]
    return cpu


def _block(host: Mapping[str, Any]) -> BlockIO:
    block: BlockIO = {}
    if host["BlkioWeight"]:
        block["weight"] = host["BlkioWeight"]
    if weights := host.get("BlkioWeightDevice"):
        block["weightDevice"] = []
        for one in weights:
            major, minor = _number(one["Path"])
            block["weightDevice"].append({"major": major, "minor": minor, "weight": one["Weight"]})
    for key, name in _THROTTLES:
        if wanted := host.get(key):
            block[name] = [_throttle(one) for one in wanted]  # type: ignore[literal-required]
    return block


def _throttle(wanted: Mapping[str, Any]) -> ThrottleDevice:
    major, minor = _number(wanted["Path"])
    return {"major": major, "minor": minor, "rate": wanted["Rate"]}


def _number(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise InvalidParameter(f"stat {path}: {getattr(error, 'strerror', error)}".lower()) from error
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def device_access(host: Mapping[str, Any]) -> tuple[list[Device], list[DeviceRule]]:
    """The nodes to make beside the default ones, and the rules of the device control group."""
    _refuse_requests(host)
    if host["Privileged"]:
        nodes = list(_hardware("/dev"))
        for wanted in host.get("Devices") or ():
            if wanted["PathOnHost"] != wanted["PathInContainer"]:
                nodes += [node for node, _ in _mapped(wanted, "rwm")]
        return nodes, list(devices.ALL_RULES)
    nodes, rules = [], list(devices.DEFAULT_RULES)
    for wanted in host.get("Devices") or ():
        for node, rule in _mapped(wanted, wanted["CgroupPermissions"]):
            if not rule["access"]:
                raise System(f"{failures.CREATE_FAILED}device access at {_BUILT_IN + len(nodes)} field cannot be empty")
            nodes.append(node)
            rules.append(rule)
    rules += [_rule(text) for text in host.get("DeviceCgroupRules") or ()]
    return nodes, rules


def _refuse_requests(host: Mapping[str, Any]) -> None:
    """Devices that a driver would have to provide: there is none."""
    for request in host.get("DeviceRequests") or ():
        if request["Driver"] == "cdi":
            names = ", ".join(request["DeviceIDs"] or ())
            raise InvalidParameter(f"CDI device injection failed: unresolvable CDI devices {names}")
        groups = " ".join("[" + " ".join(group) + "]" for group in request["Capabilities"] or ())
        raise InvalidParameter(f'could not select device driver "{request["Driver"]}" with capabilities: [{groups}]')


def _mapped(wanted: Mapping[str, Any], access: str) -> Iterator[tuple[Device, DeviceRule]]:
    """The device that a ``--device`` names, or those below the directory that it names."""
    path, inside = wanted["PathOnHost"], wanted["PathInContainer"] or wanted["PathOnHost"]
    if not os.path.exists(path):
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{path}": no such file or directory'
        )
    if not os.path.isdir(path):
        yield devices.host_device(path, inside, access)
        return
    root = os.path.realpath(path)
    found = False
    for directory, _, names in os.walk(root):
        for name in sorted(names):
            full = f"{directory}/{name}"
            if _is_device(full):
                found = True
                yield devices.host_device(full, inside + full[len(root) :], access)
    if not found:
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{path}": not a device node'
        )


def _hardware(directory: str) -> Iterator[Device]:
    """Every device node of the host."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_symlink() or entry.name == "console":
                continue
            if entry.is_dir():
                if entry.name not in _NOT_HARDWARE:
                    yield from _hardware(entry.path)
            elif _is_device(entry.path):
                yield devices.host_device(entry.path, entry.path, "rwm")[0]


def _is_device(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _rule(text: str) -> DeviceRule:
    """``c 13:* rw`` as a rule; checked by `validation`."""
    kind, numbers, access = text.split(" ")
    major, _, minor = numbers.partition(":")
    rule: DeviceRule = {"allow": True, "type": kind, "access": access}
    if major != "*":
        rule["major"] = int(major)
    if minor != "*":
        rule["minor"] = int(minor)
    return rule


def rlimits(own: list[Mapping[str, Any]] | None, defaults: Mapping[str, Mapping[str, Any]]) -> list[Rlimit]:
    """The container's ulimits, and the engine's defaults for those that it does not name."""
    return [
        {"type": f"RLIMIT_{one['Name'].upper()}", "soft": one["Soft"], "hard": one["Hard"]}
        for one in merged_ulimits(own, defaults)
    ]


def merged_ulimits(
    own: list[Mapping[str, Any]] | None, defaults: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Ulimits as HostConfig has them, the engine's defaults added."""
    named = {one["Name"] for one in own or ()}
    return [*(own or ()), *(one for name, one in defaults.items() if name not in named)]
