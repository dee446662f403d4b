"""Rows of `stats`, computed from the engine's numbers as Docker does for both versions of control groups."""

from pydock.cli.format.text import short_id
from pydock.cli.quantities import bytes_size, human_size
from pydock.cli.template.values import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Sample = dict[str, Any]

TABLE = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
HEADER = {
    "Container": "CONTAINER",
    "Name": "NAME",
    "ID": "CONTAINER ID",
    "CPUPerc": "CPU %",
    "MemUsage": "MEM USAGE / LIMIT",
    "MemPerc": "MEM %",
    "NetIO": "NET I/O",
    "BlockIO": "BLOCK I/O",
    "PIDs": "PIDS",
}
NOTHING = "--"


def cpu_percent(sample: "Sample") -> float:
    """Share of one CPU since the sample before, in percent."""
    now, before = sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {}
    usage, earlier = now.get("cpu_usage") or {}, before.get("cpu_usage") or {}
    used = usage.get("total_usage", 0) - earlier.get("total_usage", 0)
    system = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    cpus = now.get("online_cpus") or len(usage.get("percpu_usage") or [])
    return float(used / system * cpus * 100.0) if system > 0 and used > 0 else 0.0


def memory_used(memory: "Sample") -> float:
    """Bytes in use, without the file cache that could be dropped."""
    usage, details = memory.get("usage", 0), memory.get("stats") or {}
    for key in ("total_inactive_file", "inactive_file"):
        if key in details and details[key] < usage:
            return float(usage - details[key])
    return float(usage)


def block_io(sample: "Sample") -> "tuple[int, int]":
    """Bytes read and written."""
    read = written = 0
    for entry in (sample.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []:
        operation = str(entry.get("op") or "")[:1].lower()
        if operation == "r":
            read += entry["value"]
        elif operation == "w":
            written += entry["value"]
    return read, written


class StatsRow(Row):
    """One container; without a sample, its columns say --."""

    kind = "container.statsContext"
    columns = tuple(HEADER)

    def __init__(self, container: str, sample: "Sample | None", trunc: bool) -> None:
        self._container = container
        self._sample = sample or {}
        self._valid = bool(sample)
        self._trunc = trunc

    def Container(self) -> str:
        """The name or ID that was asked for."""
        return self._container

    def Name(self) -> str:
        """The container's name."""
        return str(self._sample.get("name", ""))[1:] or NOTHING

    def ID(self) -> str:
        """The ID, short unless the user wants it whole."""
        identity = str(self._sample.get("id", ""))
        return short_id(identity) if self._trunc else identity

    def CPUPerc(self) -> str:
        """Use of CPUs."""
        return f"{cpu_percent(self._sample):.2f}%" if self._valid else NOTHING

    def MemUsage(self) -> str:
        """Memory used, and its limit."""
        if not self._valid:
            return "-- / --"
        memory = self._sample.get("memory_stats") or {}
        return f"{bytes_size(memory_used(memory))} / {bytes_size(memory.get('limit', 0))}"

    def MemPerc(self) -> str:
        """Share of the limit that is used."""
        if not self._valid:
            return NOTHING
        memory = self._sample.get("memory_stats") or {}
        limit = memory.get("limit", 0)
        return f"{memory_used(memory) / limit * 100.0 if limit else 0.0:.2f}%"

    def NetIO(self) -> str:
        """Bytes received and sent."""
        if not self._valid:
            return NOTHING
        networks = (self._sample.get("networks") or {}).values()
        received, sent = sum(n["rx_bytes"] for n in networks), sum(n["tx_bytes"] for n in networks)
        return f"{human_size(received)} / {human_size(sent)}"

    def BlockIO(self) -> str:
        """Bytes read and written."""
        if not self._valid:
            return NOTHING
        read, written = block_io(self._sample)
        return f"{human_size(read)} / {human_size(written)}"

    def PIDs(self) -> str:
        """Number of processes."""
        return str((self._sample.get("pids_stats") or {}).get("current", 0)) if self._valid else NOTHING
