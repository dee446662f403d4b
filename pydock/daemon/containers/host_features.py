"""What this kernel and its control groups can do for containers, found out once by looking.

Create and update ask it before they promise a limit; `info` shows it.
"""

import os
from dataclasses import dataclass
from functools import cache

from pydock.runtime import cgroups
from pydock.runtime.cgroups import Layout
from pydock.runtime.security_labels import apparmor_enabled, selinux_enabled


@dataclass(frozen=True, slots=True)
class HostFeatures:
    """One flag for each thing that a request may ask for; ``cpus`` and ``mems`` are lists such as ``0-3,5``."""

    cgroup_version: int = 2
    memory_limit: bool = True
    swap_limit: bool = True
    memory_reservation: bool = True
    memory_swappiness: bool = False
    kernel_memory: bool = False
    kernel_memory_tcp: bool = False
    oom_kill_disable: bool = False
    cpu_shares: bool = True
    cpu_cfs: bool = True
    cpu_realtime: bool = False
    cpuset: bool = True
    cpus: str = ""
    mems: str = ""
    pids_limit: bool = True
    blkio_weight: bool = True
    blkio_weight_device: bool = True
    blkio_read_bps: bool = True
    blkio_write_bps: bool = True
    blkio_read_iops: bool = True
    blkio_write_iops: bool = True
    cgroup_namespaces: bool = True
    ipv4_forwarding: bool = True
    cpu_count: int = 1
    apparmor: bool = False
    selinux: bool = False


@cache
def detect() -> HostFeatures:
    """This machine's features."""
    layout = cgroups.detect()
    return _of_v2(layout) if layout.version == 2 else _of_v1(layout)


def _of_v1(layout: Layout) -> HostFeatures:
    def has(controller: str, file: str) -> bool:
        return controller in layout.v1 and os.path.exists(f"{layout.v1[controller]}/{file}")

    return HostFeatures(
        cgroup_version=1,
        memory_limit="memory" in layout.v1,
        swap_limit=has("memory", "memory.memsw.limit_in_bytes"),
        memory_reservation=has("memory", "memory.soft_limit_in_bytes"),
        memory_swappiness=has("memory", "memory.swappiness"),
        kernel_memory=has("memory", "memory.kmem.limit_in_bytes"),
        kernel_memory_tcp=has("memory", "memory.kmem.tcp.limit_in_bytes"),
        oom_kill_disable=has("memory", "memory.oom_control"),
        cpu_shares=has("cpu", "cpu.shares"),
        cpu_cfs=has("cpu", "cpu.cfs_quota_us"),
        cpu_realtime=has("cpu", "cpu.rt_period_us"),
        cpuset="cpuset" in layout.v1,
        cpus=_read(f"{layout.v1.get('cpuset', '')}/cpuset.cpus"),
        mems=_read(f"{layout.v1.get('cpuset', '')}/cpuset.mems"),
        pids_limit="pids" in layout.v1,
        blkio_weight=has("blkio", "blkio.weight"),
        blkio_weight_device=has("blkio", "blkio.weight_device"),
        blkio_read_bps=has("blkio", "blkio.throttle.read_bps_device"),
        blkio_write_bps=has("blkio", "blkio.throttle.write_bps_device"),
        blkio_read_iops=has("blkio", "blkio.throttle.read_iops_device"),
        blkio_write_iops=has("blkio", "blkio.throttle.write_iops_device"),
        cgroup_namespaces=os.path.exists("/proc/self/ns/cgroup"),
        ipv4_forwarding=_forwards_ipv4(),
        cpu_count=os.cpu_count() or 1,
        apparmor=apparmor_enabled(),
        selinux=selinux_enabled(),
    )


def _of_v2(layout: Layout) -> HostFeatures:
    controllers = _read(f"{layout.unified}/cgroup.controllers").split()
    memory, cpu, block = "memory" in controllers, "cpu" in controllers, "io" in controllers
    cpuset = "cpuset" in controllers
    return HostFeatures(
        cgroup_version=2,
        memory_limit=memory,
        swap_limit=memory and _has_swap_accounting(layout.unified),
        memory_reservation=memory,
        cpu_shares=cpu,
        cpu_cfs=cpu,
        cpuset=cpuset,
        cpus=_read(f"{layout.unified}/cpuset.cpus.effective"),
        mems=_read(f"{layout.unified}/cpuset.mems.effective"),
        pids_limit="pids" in controllers,
        blkio_weight=block,
        blkio_weight_device=block,
        blkio_read_bps=block,
        blkio_write_bps=block,
        blkio_read_iops=block,
        blkio_write_iops=block,
        cgroup_namespaces=os.path.exists("/proc/self/ns/cgroup"),
        ipv4_forwarding=_forwards_ipv4(),
        cpu_count=os.cpu_count() or 1,
        apparmor=apparmor_enabled(),
        selinux=selinux_enabled(),
    )


def _forwards_ipv4() -> bool:
    return _read("/proc/sys/net/ipv4/ip_forward") != "0"


def _has_swap_accounting(unified: str) -> bool:
    """Whether groups have memory.swap.max; the root has none, so any other one is looked at."""
    try:
        with os.scandir(unified) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    return os.path.exists(f"{entry.path}/memory.swap.max")
    except OSError:
        return False
    return True


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
