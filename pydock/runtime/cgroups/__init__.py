"""Control groups behind one face: which hierarchies the machine has is found out by looking.

A container's first process creates its group, its shim moves it in, the daemon sets limits and reads statistics.

    detect() -> Layout            .version 1 or 2 as Docker reports it; .controllers, .warnings
    Cgroup.at("/docker/<id>")     a value: nothing is touched until a method is called
    group.create(resources)       make it with its limits, -> warnings
    doors(group)                  the files to write a process's number to, to move it in
    group.apply(resources)        change limits of a living group, -> warnings
    group.freeze() / thaw(), remove(), pids(), oom_kills(), stats()
    oom.watch(group)              to be told at once that it has no memory left
    kill_all(group)               every process in it
"""

from pydock.runtime.cgroups.group import Cgroup, doors, kill_all, prime, remove_empty
from pydock.runtime.cgroups.layout import Layout, detect
from pydock.runtime.cgroups.stats import Stats

__all__ = ["Cgroup", "Layout", "Stats", "detect", "doors", "kill_all", "prime", "remove_empty"]
