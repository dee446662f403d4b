"""What the zygote tests run in jobs: functions as a worker package has them."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from pydock.errors import NotFound, StepFailed

Report = Callable[[Any], None]


def echo(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """Give back what came."""
    return arguments


def itself(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """Tell what the process looks like."""
    return {
        "pid": os.getpid(),
        "program": os.readlink("/proc/self/exe"),
        "name": open("/proc/self/comm").read().strip(),
        "told": [open(f"/proc/self/{name}").read().rstrip("\0") for name in ("cmdline", "environ")],
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
        "ignored": [line for line in open("/proc/self/status") if line.startswith("SigIgn")],
    }


def fail(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """Fail in one way or another."""
    match arguments["how"]:
        case "errno":
            os.open("/nonexistent/file", os.O_RDONLY)
        case "kind":
            raise NotFound("no such thing")
        case "step":
            raise StepFailed("mount proc", 1, "/proc")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            raise SystemExit(3)


def sleep(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """Say who it is, then sleep for a long time."""
    report(os.getpid())
    time.sleep(1000)


def count(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """Report progress, write to the descriptor it was given, and return one of its own."""
    for number in range(arguments["until"]):
        report(number)
    os.write(fds[0], b"counted")
    file = os.memfd_create("result")
    os.pwrite(file, b"a result", 0)
    return "done", [file]


def random_number(arguments: dict[str, Any], fds: list[int], report: Report) -> Any:
    """A number that two forks of one process must not have in common."""
    import random

    return random.random()
