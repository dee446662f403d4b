"""Checks of the limits that a create or an update asks for, in Docker's words.

`check` takes HostConfig's plain values, raises InvalidParameter for what cannot be, and where the kernel lacks a
feature takes the wish out of the values and says so in a warning.
"""

from typing import Any

from pydock.daemon.containers.host_features import HostFeatures
from pydock.errors import InvalidParameter

MIN_MEMORY = 6 << 20
#: the highest number that a list of processors or memory nodes may hold
_MAX_CPUS = 8192
_CGROUP = "or the cgroup is not mounted."


def check(values: dict[str, Any], host: HostFeatures, *, update: bool = False) -> list[str]:
    """Check `values` and put them right in place; returns warnings."""
    warnings: list[str] = []
    if values.get("MemorySwappiness") == -1:
        values["MemorySwappiness"] = None
    _memory(values, host, warnings, update)
    _oom_and_pids(values, host, warnings)
    _cpu(values, host, warnings)
    _cpusets(values, host, warnings)
    _block(values, host, warnings)
    return warnings


def check_realtime(values: dict[str, Any], host: HostFeatures) -> None:
    """What Docker looks at when it decodes a create request."""
    period, runtime = values["CpuRealtimePeriod"], values["CpuRealtimeRuntime"]
    if (period or runtime) and not host.cpu_realtime:
        raise InvalidParameter("kernel does not support CPU real-time scheduler")
    if period and runtime and runtime > period:
        raise InvalidParameter("cpu real-time runtime cannot be higher than cpu real-time period")
    if host.cpu_shares and values["CpuShares"] < 0:
        raise InvalidParameter(f"invalid CPU shares ({values['CpuShares']}): value must be a positive integer")


def _memory(values: dict[str, Any], host: HostFeatures, warnings: list[str], update: bool) -> None:
    if values["Memory"] and values["Memory"] < MIN_MEMORY:
        raise InvalidParameter("Minimum memory limit allowed is 6MB")
    if values["Memory"] > 0 and not host.memory_limit:
        _discard(warnings, f"memory limit capabilities {_CGROUP} Limitation discarded.")
        values["Memory"], values["MemorySwap"] = 0, -1
    if values["Memory"] > 0 and values["MemorySwap"] != -1 and not host.swap_limit:
        _discard(warnings, f"swap limit capabilities {_CGROUP} Memory limited without swap.")
        values["MemorySwap"] = -1
    memory, swap = values["Memory"], values["MemorySwap"]
    if memory > 0 and 0 < swap < memory:
        raise InvalidParameter("Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory == 0 and swap > 0 and not update:
        raise InvalidParameter("You should always set the Memory limit when using Memoryswap limit, see usage")
    if values["MemorySwappiness"] is not None and not host.memory_swappiness:
        _discard(warnings, f"memory swappiness capabilities {_CGROUP} Memory swappiness discarded.")
        values["MemorySwappiness"] = None
    swappiness = values["MemorySwappiness"]
    if swappiness is not None and not 0 <= swappiness <= 100:
        raise InvalidParameter(f"Invalid value: {swappiness}, valid memory swappiness range is 0-100")
    if values["MemoryReservation"] > 0 and not host.memory_reservation:
        _discard(warnings, f"memory soft limit capabilities {_CGROUP} Limitation discarded.")
        values["MemoryReservation"] = 0
    reservation = values["MemoryReservation"]
    if 0 < reservation < MIN_MEMORY:
        raise InvalidParameter("Minimum memory reservation allowed is 6MB")
    if memory > 0 and reservation > memory:
        raise InvalidParameter("Minimum memory limit can not be less than memory reservation limit, see usage")
    _kernel_memory(values, host, warnings)


def _kernel_memory(values: dict[str, Any], host: HostFeatures, warnings: list[str]) -> None:
    if values.get("KernelMemory", 0) <= 0:
        return
    if not host.kernel_memory:
        _discard(warnings, f"kernel memory limit capabilities {_CGROUP} Limitation discarded.")
        values["KernelMemory"] = 0
    elif values["KernelMemory"] < MIN_MEMORY:
        raise InvalidParameter("Minimum kernel memory limit allowed is 6MB")


def _oom_and_pids(values: dict[str, Any], host: HostFeatures, warnings: list[str]) -> None:
    if values["OomKillDisable"] is not None and not host.oom_kill_disable:
        if values["OomKillDisable"]:
            warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
        values["OomKillDisable"] = None
    if values["OomKillDisable"] and not values["Memory"]:
        warnings.append(
            "OOM killer is disabled for the container, but no memory limit is set, "
            "this can result in the system running out of resources."
        )
    if values["PidsLimit"] is not None and not host.pids_limit:
        if values["PidsLimit"] > 0:
            _discard(warnings, f"PIDs limit capabilities {_CGROUP} PIDs limit discarded.")
        values["PidsLimit"] = None


def _cpu(values: dict[str, Any], host: HostFeatures, warnings: list[str]) -> None:
    nano = values["NanoCpus"]
    if nano > 0 and values["CpuPeriod"] > 0:
        raise InvalidParameter("Conflicting options: Nano CPUs and CPU Period cannot both be set")
    if nano > 0 and values["CpuQuota"] > 0:
        raise InvalidParameter("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    if nano > 0 and not host.cpu_cfs:
        raise InvalidParameter(
            "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted"
        )
    if nano and not 0 <= nano <= host.cpu_count * 10**9:
        count = host.cpu_count
        raise InvalidParameter(f"range of CPUs is from 0.01 to {count}.00, as there are only {count} CPUs available")
    if values["CpuShares"] > 0 and not host.cpu_shares:
        _discard(warnings, f"CPU shares {_CGROUP} Shares discarded.")
        values["CpuShares"] = 0
    if (values["CpuPeriod"] or values["CpuQuota"]) and not host.cpu_cfs:
        _discard(warnings, "CPU CFS scheduler. CPU period/quota discarded.")
        values["CpuPeriod"] = values["CpuQuota"] = 0
    if values["CpuPeriod"] and not 1000 <= values["CpuPeriod"] <= 1_000_000:
        raise InvalidParameter("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    if 0 < values["CpuQuota"] < 1000:
        raise InvalidParameter("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if values["CpuPercent"] > 0:
        warnings.append("linux does not support CPU percent. Percent discarded.")
        values["CpuPercent"] = 0


def _cpusets(values: dict[str, Any], host: HostFeatures, warnings: list[str]) -> None:
    if (values["CpusetCpus"] or values["CpusetMems"]) and not host.cpuset:
        _discard(warnings, f"cpuset {_CGROUP} Cpuset discarded.")
        values["CpusetCpus"] = values["CpusetMems"] = ""
    for key, what, available, name in (
        ("CpusetCpus", "cpuset cpus", host.cpus, "CPUs"),
        ("CpusetMems", "cpuset mems", host.mems, "memory nodes"),
    ):
        wanted = values[key]
        if not wanted:
            continue
        try:
            fits = _numbers(wanted) <= _numbers(available)
        except ValueError as error:
            raise InvalidParameter(f"Invalid value {wanted} for {what}: {error}") from None
        if not fits:
            raise InvalidParameter(f"Requested {name} are not available - requested {wanted}, available: {available}")


def _numbers(text: str) -> set[int]:
    """The numbers of a list such as ``0-3,5``; ValueError in Docker's words."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        low, high = _number(first, text), _number(last if dash else first, text)
        if high < low:
            raise ValueError(f"invalid format: {text}")
        if high > _MAX_CPUS:
            raise ValueError(f"value of out range, maximum is {_MAX_CPUS}")
        found.update(range(low, high + 1))
    return found


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise ValueError(f"invalid format: {whole}")
    return int(text)


def _block(values: dict[str, Any], host: HostFeatures, warnings: list[str]) -> None:
    if values["BlkioWeight"] > 0 and not host.blkio_weight:
        _discard(warnings, f"Block I/O weight {_CGROUP} Weight discarded.")
        values["BlkioWeight"] = 0
    if values["BlkioWeight"] and not 10 <= values["BlkioWeight"] <= 1000:
        raise InvalidParameter("Range of blkio weight is from 10 to 1000")
    if values["IOMaximumBandwidth"] or values["IOMaximumIOps"]:
        raise InvalidParameter("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps")
    for key, able, what, named in (
        ("BlkioWeightDevice", host.blkio_weight_device, "Block I/O weight_device", "Weight-device"),
        ("BlkioDeviceReadBps", host.blkio_read_bps, "BPS Block I/O read limit", "Block I/O BPS read limit"),
        ("BlkioDeviceWriteBps", host.blkio_write_bps, "BPS Block I/O write limit", "Block I/O BPS write limit"),
        ("BlkioDeviceReadIOps", host.blkio_read_iops, "IOPS Block read limit", "Block I/O IOPS read limit"),
        ("BlkioDeviceWriteIOps", host.blkio_write_iops, "IOPS Block write limit", "Block I/O IOPS write limit"),
    ):
        if values[key] and not able:
            _discard(warnings, f"{what} {_CGROUP} {named} discarded.")
            values[key] = []


def _discard(warnings: list[str], what: str) -> None:
    warnings.append(f"Your kernel does not support {what}")
