"""One reading of what a container uses, and its shape on the wire, as Docker has it for cgroup v1 and v2.

Called by `stats` alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydock.daemon.containers.record import Container
from pydock.daemon.system.machine import memory
from pydock.runtime.cgroups.stats import BlockEntry, CpuStats, MemoryStats, Stats
from pydock.runtime.logs.entry import format_time

#: Go's zero time
NEVER = "0001-01-01T00:00:00Z"
_TABLES = (
    "io_service_bytes_recursive", "io_serviced_recursive", "io_queue_recursive", "io_service_time_recursive",
    "io_wait_time_recursive", "io_merged_recursive", "io_time_recursive", "sectors_recursive",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What one container had used at ``time``; ``system`` is all processors' time, both in nanoseconds."""

    time: int
    group: Stats
    system: int
    processors: int
    networks: Mapping[str, Mapping[str, int]]
    cgroup_version: int


def stats_json(record: Container, reading: Reading | None, previous: Reading | None) -> dict[str, Any]:
    """The answer; zeros for a container that does not run."""
    answer: dict[str, Any] = {
        "name": f"/{record.name}",
        "id": record.id,
        "read": format_time(reading.time) if reading else NEVER,
        "preread": format_time(previous.time) if previous else NEVER,
        "pids_stats": _pids(reading.group) if reading else {},
        "blkio_stats": _blocks(reading),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(reading),
        "precpu_stats": _cpu(previous),
        "memory_stats": _memory(reading.group.memory) if reading else {},
    }
    if reading and reading.networks:
        answer["networks"] = reading.networks
    return answer


def _pids(group: Stats) -> dict[str, int]:
    limit = {"limit": group.pids_limit} if group.pids_limit else {}
    return {"current": group.pids, **limit}


def _blocks(reading: Reading | None) -> dict[str, Any]:
    tables: dict[str, Any] = dict.fromkeys(_TABLES)
    if reading is None:
        return tables
    if reading.cgroup_version == 1:
        tables = {name: [] for name in _TABLES}
        tables["io_serviced_recursive"] = _entries(reading.group.block_operations)
    tables["io_service_bytes_recursive"] = _entries(reading.group.block_bytes)
    return tables


def _entries(entries: Iterable[BlockEntry]) -> list[dict[str, Any]]:
    return [
        {"major": entry.major, "minor": entry.minor, "op": entry.operation, "value": entry.value} for entry in entries
    ]


def _cpu(reading: Reading | None) -> dict[str, Any]:
    cpu = reading.group.cpu if reading else CpuStats()
    usage: dict[str, Any] = {"total_usage": cpu.total}
    if cpu.per_cpu:
        usage["percpu_usage"] = list(cpu.per_cpu)
    usage |= {"usage_in_kernelmode": cpu.system, "usage_in_usermode": cpu.user}
    throttling = {
        "periods": cpu.periods,
        "throttled_periods": cpu.throttled_periods,
        "throttled_time": cpu.throttled_time,
    }
    system = {"system_cpu_usage": reading.system, "online_cpus": reading.processors} if reading else {}
    return {"cpu_usage": usage, **system, "throttling_data": throttling}


def _memory(used: MemoryStats) -> dict[str, Any]:
    values: dict[str, Any] = {
        "usage": used.usage,
        "max_usage": used.maximum,
        "stats": used.details,
        "failcnt": used.failures,
        "limit": min(used.limit, memory()),
    }
    return {name: value for name, value in values.items() if value}
