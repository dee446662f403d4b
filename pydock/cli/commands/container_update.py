"""`update`."""

from pydock.cli.create.flags import later
from pydock.cli.create.request import restart_policy
from pydock.cli.exits import Exit
from pydock.cli.flags import hidden, integer, text
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options") -> "dict[str, Any]":
    """The body of POST /containers/{id}/update."""
    body: dict[str, Any] = {
        "BlkioWeight": options.blkio_weight,
        "CpusetCpus": options.cpuset_cpus,
        "CpusetMems": options.cpuset_mems,
        "CpuShares": options.cpu_shares,
        "Memory": options.memory or 0,
        "MemoryReservation": options.memory_reservation or 0,
        "MemorySwap": options.memory_swap or 0,
        "CpuPeriod": options.cpu_period,
        "CpuQuota": options.cpu_quota,
        "CpuRealtimePeriod": options.cpu_rt_period,
        "CpuRealtimeRuntime": options.cpu_rt_runtime,
        "NanoCpus": options.cpus or 0,
        "RestartPolicy": restart_policy(options.restart) if options.restart else {"Name": "", "MaximumRetryCount": 0},
    }
    if options.kernel_memory:
        body["KernelMemory"] = options.kernel_memory
    if options.pids_limit:
        body["PidsLimit"] = options.pids_limit
    return body


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Change each container, print its name, then all warnings, then all errors."""
    if not options.changed:
        raise Exit("you must provide one or more flags when using this command")
    body = build_request(options)
    warnings: list[str] = []
    problems: list[str] = []
    for name in arguments:
        try:
            answer = containers.update(console.engine(), name, body)
        except PydockError as error:
            problems.append(error.message)
            continue
        console.out.line(name)
        warnings += answer.get("Warnings") or []
    if warnings:
        console.out.line("\n".join(warnings))
    if problems:
        raise Exit("\n".join(problems))


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Change limits and restart policy of containers",
    run,
    (
        integer("blkio-weight", "Block I/O weight, 10 to 1000, or 0 for none (default 0)", bits=16, kind="uint16"),
        integer("cpu-period", "Period of the CPU scheduler's quota, in microseconds"),
        integer("cpu-quota", "CPU time in each period, in microseconds"),
        integer("cpu-rt-period", "Period of real-time scheduling, in microseconds"),
        integer("cpu-rt-runtime", "Real-time CPU time in each period, in microseconds"),
        text("cpuset-cpus", "CPUs that the container may run on (0-3, 0,1)"),
        text("cpuset-mems", "Memory nodes that the container may use (0-3, 0,1)"),
        integer("cpu-shares", "CPU weight relative to other containers", "c"),
        text("memory", "Memory limit", "m", kind="bytes", check=later("size")),
        text("memory-reservation", "Soft memory limit", kind="bytes", check=later("size")),
        text("memory-swap", "Limit of memory and swap; -1: no limit", kind="bytes", check=later("size_or_unlimited")),
        hidden(text("kernel-memory", "Kernel memory limit", kind="bytes", check=later("size"))),
        text("restart", "What to do when the container ends"),
        integer("pids-limit", "Number of processes that there may be (-1: any)"),
        text("cpus", "Number of CPUs", kind="decimal", check=later("cpus")),
    ),
    (1, -1),
    "container update, update",
)
