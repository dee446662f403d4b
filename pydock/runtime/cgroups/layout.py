"""Which control group hierarchies this machine has: found out by looking at /proc/self/mountinfo."""

from dataclasses import dataclass, field

#: the controllers of v1 that pydock knows, and the named hierarchy that systemd keeps
CONTROLLERS_V1 = (
    "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids",
    "hugetlb", "perf_event", "net_cls", "net_prio", "rdma", "misc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the hierarchies are.

    ``version`` is what Docker calls CgroupVersion: 2 where there is v2 alone, 1 for v1 and for both beside each other.
    ``unified`` is v2's mount point, "" for none; ``v1`` maps each controller of v1 to its mount point;
    ``named`` are v1 hierarchies without a controller (systemd's), by name.
    """

    version: int
    unified: str = ""
    v1: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def mountpoints(self) -> tuple[str, ...]:
        """Every hierarchy's mount point once (cpu and cpuacct may share one), v1's first."""
        unified = (self.unified,) if self.unified else ()
        return tuple(dict.fromkeys((*self.v1.values(), *self.named.values(), *unified)))


def parse(mountinfo: str) -> Layout:
    """The layout that the text of a mountinfo file describes (proc_pid_mountinfo(5))."""
    unified = ""
    v1: dict[str, str] = {}
    named: dict[str, str] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, rest = right.partition(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        mountpoint = left.split(" ")[4].replace("\\040", " ")
        if kind == "cgroup2":
            unified = unified or mountpoint
            continue
        options = rest.rpartition(" ")[2].split(",")
        for option in options:
            if option in CONTROLLERS_V1:
                v1.setdefault(option, mountpoint)
            elif option.startswith("name="):
                named.setdefault(option.removeprefix("name="), mountpoint)
    return Layout(version=1 if v1 else 2, unified=unified, v1=v1, named=named)


_found: list[Layout] = []


def detect() -> Layout:
    """This machine's layout; looked up once."""
    if not _found:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            _found.append(parse(file.read()))
    return _found[0]
