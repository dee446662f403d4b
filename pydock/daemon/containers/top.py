"""The processes of a container, as the host's ps(1) shows them.  Called by the route of ``/containers/{id}/top``."""

import re
from typing import Any

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.record import Status
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, System
from pydock.worker.calls import JobRunner

JOB = "pydock.runtime.host_ps:ps"
#: another field under the title PID would be taken for it: moby refuses the same
_FALSE_PID = re.compile(r"\s+(\S*)=\s*(PID\S*)", re.ASCII)
#: what stands between columns; other spaces belong to the names of processes
_BLANKS = re.compile(r"[\t\n\f\r ]+")


class Top:
    """Lists processes."""

    def __init__(self, jobs: JobRunner, announcements: Announcements) -> None:
        self._jobs = jobs
        self._announcements = announcements

    async def list(self, entry: Entry, ps_arguments: str) -> dict[str, Any]:
        """``Titles`` and ``Processes``, with ps called as `ps_arguments` say."""
        for name, title in _FALSE_PID.findall(ps_arguments):
            if name != "pid":
                raise InvalidParameter(f'specifying "{name}={title}" is not allowed')
        status, live = entry.record.state.status, entry.live
        if status is Status.RESTARTING:
            raise Conflict(f"Container {entry.id} is restarting, wait until the container is running")
        if live is None or not status.has_process():
            raise Conflict(f"container {entry.id} is not running")
        pids = await offload(live.cgroup.pids) if live.cgroup else [live.pid]
        words = ps_arguments.split()
        request = {"words": [*words, "-q" + ",".join(map(str, pids))], "otherwise": words}
        output = (await offload(self._jobs.run, JOB, request)).value
        self._announcements.publish(entry.record, "top")
        return parse(output, set(pids))


def parse(output: str, pids: set[int]) -> dict[str, Any]:
    """ps's table, the lines of `pids` and of their threads alone; the last column takes the rest of its line."""
    lines = output.split("\n")  # a process can have every other separator of lines in its name
    titles = _fields(lines[0])
    if "PID" not in titles:
        raise System("Couldn't find PID field in ps output")
    column, last = titles.index("PID"), len(titles) - 1
    processes, ours = [], False
    for fields in filter(None, map(_fields, lines[1:])):
        pid = fields[column] if column < len(fields) else ""
        if pid != "-":  # the mark of a thread of the process before
            ours = _number(pid) in pids
        if ours:
            processes.append([*fields[:last], " ".join(fields[last:])])
    return {"Processes": processes, "Titles": titles}


def _fields(line: str) -> list[str]:
    return [field for field in _BLANKS.split(line) if field]


def _number(pid: str) -> int:
    if not (pid.isascii() and pid.isdigit()):
        raise System(f"Unexpected pid '{pid}': strconv.Atoi: parsing \"{pid}\": invalid syntax")
    return int(pid)
