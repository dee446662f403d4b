"""The order of the steps."""

from typing import Any

from pydock.linux.mounts import Mount
from pydock.runtime.cgroups import Layout
from pydock.runtime.plan import container_steps, exec_steps, missing_warning
from pydock.runtime.process_setup import Grant

GRANT = Grant(1, 1, 1, 0, 0, missing=0)
SPEC: Any = {
    "ociVersion": "1.2.0",
    "process": {
        "args": ["sh"],
        "cwd": "/work",
        "terminal": True,
        "noNewPrivileges": False,
        "oomScoreAdj": 3,
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
    },
    "root": {"readonly": True},
    "hostname": "h",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"},
        {"destination": "/v", "type": "bind", "source": "/v", "options": ["rbind", "rshared"]},
    ],
    "linux": {
        "namespaces": [{"type": kind} for kind in ("pid", "mount", "network", "cgroup")],
        "maskedPaths": ["/proc/kcore"],
        "readonlyPaths": ["/proc/sys"],
        "sysctl": {"net.ipv4.ip_forward": "1"},
    },
}


def names(version: int = 2, **process: Any) -> list[str]:
    spec: Any = {**SPEC, "process": {**SPEC["process"], **process}}
    layout = Layout(version=version, unified="/sys/fs/cgroup")
    steps = container_steps(spec, (Mount("overlay", "overlay"),), "/m", layout, "/g", GRANT, b"filter")
    return [type(step).__name__ for step in steps]


def before(first: str, second: str, order: list[str]) -> bool:
    return order.index(first) < order.index(second)


def test_the_whole_order() -> None:
    order = [name for index, name in enumerate(names()) if name != names()[index - 1]]
    assert order == [
        "NewSession", "SetOomScore", "SetLimit", "OpenShared", "MakeMountsSlave", "MountRoot", "NewCgroupNamespace",
        "MountInside", "MountCgroups", "MountInside", "MakeDevice", "MakeDeviceLinks", "MakeDirectory", "PivotRoot",
        "SetRootFlags", "SetHostname", "MakeTerminal", "SetSysctl", "MakeReadOnly", "Mask", "LookUpUser",
        "EnterDirectory", "OwnStdio", "BecomeUser", "ApplySeccomp", "LimitCapabilities",
    ]  # fmt: skip


def test_with_no_new_privileges_it_is_set_before_the_filter_and_both_come_late() -> None:
    order = names(noNewPrivileges=True)
    assert before("BecomeUser", "SetNoNewPrivileges", order)
    assert order[-3:] == ["SetNoNewPrivileges", "ApplySeccomp", "LimitCapabilities"]


def test_a_host_dev_gets_no_nodes() -> None:
    spec: Any = {**SPEC, "mounts": [{"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}]}
    steps = container_steps(spec, (Mount("overlay", "overlay"),), "/m", Layout(1), "", GRANT, b"")
    assert not {"MakeDevice", "MakeDeviceLinks"} & {type(step).__name__ for step in steps}


def test_an_exec_goes_through_the_same_last_steps() -> None:
    order = [type(step).__name__ for step in exec_steps(SPEC["process"], GRANT, b"filter")]
    assert order == [
        "NewSession", "SetLimit", "MakeTerminal", "LookUpUser", "EnterDirectory", "OwnStdio", "BecomeUser",
        "ApplySeccomp", "LimitCapabilities",
    ]  # fmt: skip


def test_each_step_describes_itself_in_words() -> None:
    steps = container_steps(SPEC, (Mount("overlay", "overlay"),), "/m", Layout(2), "", GRANT, b"f")
    assert all((step.describe() and step.describe()[0].islower()) or "RLIMIT" in step.describe() for step in steps)


def test_what_is_missing_is_named() -> None:
    assert missing_warning(GRANT) == []
    assert "CAP_SYS_RESOURCE" in missing_warning(Grant(0, 0, 0, 0, 0, missing=1 << 24))[0]
