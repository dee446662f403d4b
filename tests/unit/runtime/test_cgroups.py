"""Control groups without a kernel: the layout, and version 2's files in a directory that looks like one."""

import contextlib
import select
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime import devices
from pydock.runtime.cgroups import Cgroup, Layout, oom
from pydock.runtime.cgroups.devices_v1 import device_commands
from pydock.runtime.cgroups.devices_v2 import compile_filter
from pydock.runtime.cgroups.layout import parse
from pydock.runtime.cgroups.stats import BlockEntry
from pydock.runtime.cgroups.v2 import CgroupV2, group_for_exec, weight_of_shares

V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
HYBRID = """\
31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/unified rw shared:7 - cgroup2 cgroup2 rw
33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
"""


def test_version_2_alone_is_told_from_the_hybrid() -> None:
    assert parse(V2) == Layout(version=2, unified="/sys/fs/cgroup")
    hybrid = parse(HYBRID)
    assert (hybrid.version, hybrid.unified, hybrid.named) == (
        1, "/sys/fs/cgroup/unified", {"systemd": "/sys/fs/cgroup/systemd"},
    )  # fmt: skip
    assert hybrid.v1["cpu"] == hybrid.v1["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct"
    assert len(hybrid.mountpoints()) == 4


@pytest.mark.parametrize("path", ["", "/", "/a/../b", "..", "/a/."])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidParameter):
        Cgroup.at(path, Layout(version=2, unified="/sys/fs/cgroup"))


class Fake:
    """A directory with the files that a kernel would put there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for parent in (root, root / "docker"):
            parent.mkdir(exist_ok=True)
            (parent / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
            (parent / "cgroup.subtree_control").write_text("memory\n")
        self.group = CgroupV2("/docker/x", Layout(version=2, unified=str(root)))
        self.directory = root / "docker/x"
        self.directory.mkdir()

    def with_files(self, **content: str) -> "Fake":
        """Files by name, an underscore for each dot."""
        for name, text in content.items():
            (self.directory / name.replace("__", ".")).write_text(text)
        return self

    def read(self, name: str) -> str:
        """What was written last."""
        return (self.directory / name).read_text()


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "cgroup")


def test_limits_become_version_2s_files(fake: Fake) -> None:
    names = (
        "memory.max",
        "memory.swap.max",
        "memory.low",
        "pids.max",
        "cpu.max",
        "cpu.weight",
        "cpuset.cpus",
        "io.max",
    )
    fake.with_files(**dict.fromkeys(names, ""))
    resources: Any = {
        "memory": {"limit": 100, "swap": 250, "reservation": 50},
        "pids": {"limit": 7},
        "cpu": {"shares": 1024, "quota": 50000, "period": 100000, "cpus": "0-1"},
        "blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1000}]},
    }
    assert fake.group.apply(resources) == []
    assert (fake.read("memory.max"), fake.read("memory.swap.max"), fake.read("memory.low")) == ("100", "150", "50")
    assert (fake.read("pids.max"), fake.read("cpu.max"), fake.read("cpu.weight")) == ("7", "50000 100000", "100")
    assert (fake.read("cpuset.cpus"), fake.read("io.max")) == ("0-1", "8:0 rbps=1000")


def test_no_limit_is_max_and_a_missing_file_is_a_warning(fake: Fake) -> None:
    fake.with_files(memory__max="", pids__max="")
    warnings = fake.group.apply({"memory": {"limit": -1, "swap": -1}, "pids": {"limit": 0}})
    assert (fake.read("memory.max"), fake.read("pids.max")) == ("max", "max")
    assert len(warnings) == 1
    assert "memory.swap.max" in warnings[0]


def test_controllers_are_passed_down(fake: Fake) -> None:
    fake.group.create({})
    # a real file collects what a plain one replaces: the last write is seen
    assert (fake.root / "cgroup.subtree_control").read_text() == "+pids"
    assert (fake.root / "docker/cgroup.subtree_control").read_text() == "+pids"


def test_statistics_are_read(fake: Fake) -> None:
    fake.with_files(
        cpu__stat="usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 9\nnr_throttled 1\nthrottled_usec 4\n",
        memory__current="4096\n",
        memory__max="max\n",
        memory__stat="anon 1\nfile 2\n",
        memory__events="low 0\noom 2\noom_kill 1\n",
        io__stat="8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n",
        pids__current="3\n",
        pids__max="max\n",
    )
    stats = fake.group.stats()
    assert (stats.cpu.total, stats.cpu.user, stats.cpu.system, stats.cpu.throttled_time) == (5000, 3000, 2000, 4000)
    assert (stats.memory.usage, stats.memory.limit, stats.memory.failures) == (4096, 2**64 - 1, 2)
    assert stats.memory.details == {"anon": 1, "file": 2}
    assert stats.block_bytes == (BlockEntry(8, 0, "read", 10), BlockEntry(8, 0, "write", 20))
    assert (stats.pids, stats.pids_limit) == (3, 0)
    assert fake.group.oom_kills() == 1


def test_a_kill_for_memory_is_told_once(fake: Fake) -> None:
    fake.with_files(memory__events="oom 1\noom_kill 1\n")
    with contextlib.closing(oom.watch(fake.group)) as watch:
        assert not watch.happened()
        for text, told in (("oom 2\noom_kill 1\n", False), ("oom 3\noom_kill 2\n", True)):
            fake.with_files(memory__events=text)
            assert select.select([watch.fileno()], [], [], 10)[0]
            assert watch.happened() is told
        assert not watch.happened()


def test_a_group_that_is_gone_cannot_be_watched(fake: Fake) -> None:
    with pytest.raises(FileNotFoundError):
        oom.watch(fake.group)


@pytest.mark.parametrize(("shares", "weight"), [(2, 1), (1024, 100), (262144, 10000), (1, 1), (10**7, 10000)])
def test_shares_become_a_weight(shares: int, weight: int) -> None:
    assert weight_of_shares(shares) == weight


def test_device_rules_become_version_1s_commands() -> None:
    rules: Any = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"},
        {"allow": True, "type": "b", "access": "m"},
    ]
    assert list(device_commands(rules)) == [
        ("devices.deny", "a"), ("devices.allow", "c 1:3 rw"), ("devices.allow", "b *:* m"),
    ]  # fmt: skip


def verdict(rules: Sequence[Any], kind: str, major: int, minor: int, access: str) -> bool:
    """Run a device program as the kernel would."""
    program = list(struct.iter_unpack("=BBhi", compile_filter(rules)))
    bits = sum({"m": 1, "r": 2, "w": 4}[letter] for letter in access)
    context = {0: {"b": 1, "c": 2}[kind] | bits << 16, 4: major, 8: minor}
    registers = [0] * 7
    position = 0
    while True:
        code, pair, offset, value = program[position]
        target, source = pair & 15, pair >> 4
        position += 1
        match code:
            case 0x61:
                registers[target] = context[offset]
            case 0xBF:
                registers[target] = registers[source]
            case 0xB7:
                registers[target] = value
            case 0x57:
                registers[target] &= value
            case 0x77:
                registers[target] >>= value
            case 0x55 | 0x15:
                if (registers[target] == value) == (code == 0x15):
                    position += offset
            case 0x95:
                return bool(registers[0])


def test_version_2s_device_program_lets_the_last_rule_that_fits_win() -> None:
    rules: list[Any] = list(devices.DEFAULT_RULES)
    assert verdict(rules, "c", 1, 3, "rw")
    assert verdict(rules, "c", 136, 7, "rw")
    assert verdict(rules, "b", 8, 0, "m")
    assert not verdict(rules, "b", 8, 0, "r")
    assert not verdict(rules, "c", 10, 200, "rw")
    assert not verdict(rules, "c", 1, 1, "r")
    more = [*rules, {"allow": True, "type": "b", "major": 8, "minor": 0, "access": "r"}]
    assert verdict(more, "b", 8, 0, "r")
    assert verdict(more, "b", 8, 0, "rm")
    assert not verdict(more, "b", 8, 0, "rw")
    less = [*more, {"allow": False, "type": "c", "major": 1, "minor": 3, "access": "w"}]
    assert not verdict(less, "c", 1, 3, "rw")
    assert verdict(less, "c", 1, 3, "r")
    assert verdict(devices.ALL_RULES, "b", 8, 0, "rwm")
    assert not verdict([], "c", 1, 3, "r")


@pytest.mark.parametrize(
    ("controllers", "first", "path"),
    [
        ("", "0::/docker/abc", "/docker/abc"),
        ("", "0::/docker/abc/init", "/docker/abc"),
        ("memory pids", "0::/docker/abc/init", "/docker/abc/init"),
        ("memory pids", "0::/docker/abcd", "/docker/abc"),
        ("memory pids", "0::/elsewhere", "/docker/abc"),
    ],
)
def test_one_more_process_goes_where_the_first_is_when_the_group_can_have_none(
    monkeypatch: pytest.MonkeyPatch, controllers: str, first: str, path: str
) -> None:
    texts = {"/cg/docker/abc/cgroup.subtree_control": controllers, "/proc/7/cgroup": f"1:name=systemd:/x\n{first}\n"}
    monkeypatch.setattr("pydock.runtime.cgroups.files.read_or", lambda name, default: texts.get(name, default))
    assert group_for_exec(CgroupV2("/docker/abc", Layout(version=2, unified="/cg")), 7).path == path
