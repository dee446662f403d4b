"""What an ordinary container must not see of /proc and /sys, and what it may only read: Docker 28.5's lists.

The daemon puts them into a container's record and spec; the root's set-up passes over what is missing.
"""

import os

READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_MASKED = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)


def masked_paths(cpus: str = "/sys/devices/system/cpu") -> list[str]:
    """The fixed list and, where this machine has them, each processor's thermal throttle (they leak what others do)."""
    try:
        names = [name for name in os.listdir(cpus) if name[:3] == "cpu" and name[3:].isdigit()]
    except OSError:
        names = []
    throttles = (f"{cpus}/{name}/thermal_throttle" for name in sorted(names, key=lambda name: int(name[3:])))
    return [*_MASKED, *(path for path in throttles if os.path.exists(path))]
