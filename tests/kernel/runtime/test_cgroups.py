"""Control groups on this machine's own hierarchies, and v2's device filter and freezer on the unified mount."""

import contextlib
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime import devices
from pydock.runtime.cgroups import Cgroup, Layout, detect, kill_all, oom, prime
from pydock.runtime.cgroups.v2 import CgroupV2
from pydock.runtime.launch import Stdio
from tests.kernel.groups import move_in
from tests.kernel.runtime.box import Box


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Cgroup]:
    group = Cgroup.at(f"/pydock-test-{os.getpid()}/{tmp_path.name}")
    yield group
    kill_all(group)
    group.remove()
    Cgroup.at(f"/pydock-test-{os.getpid()}").remove()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


def test_a_group_is_made_joined_listed_killed_and_removed(group: Cgroup, sleeper: subprocess.Popen[bytes]) -> None:
    assert group.create({}) == []
    move_in(group, sleeper.pid)
    assert group.pids() == [sleeper.pid]
    kill_all(group)
    assert sleeper.wait(10) == -signal.SIGKILL
    group.remove()
    assert not [point for point in detect().mountpoints() if os.path.exists(point + group.path)]


def test_a_group_goes_on_though_there_is_no_descriptor_to_be_had(
    group: Cgroup, sleeper: subprocess.Popen[bytes]
) -> None:
    group.create({})
    move_in(group, sleeper.pid)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    @contextlib.contextmanager
    def descriptors(number: int) -> Iterator[None]:
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + number, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    for number in range(3):
        with descriptors(number), contextlib.suppress(OSError):
            group.freeze()
            break
        assert not group.is_frozen()
    group.thaw()
    with contextlib.ExitStack() as stack:
        with group.frozen():
            assert group.is_frozen()
            stack.enter_context(descriptors(0))
    assert not group.is_frozen()


def test_freezing_stops_a_process_and_thawing_lets_it_go_on(group: Cgroup) -> None:
    group.create({})
    counter = subprocess.Popen(["sh", "-c", "while :; do echo x; sleep 0.01; done"], stdout=subprocess.PIPE)
    move_in(group, counter.pid)
    assert counter.stdout is not None
    group.freeze()
    os.set_blocking(counter.stdout.fileno(), False)
    with contextlib.suppress(BlockingIOError):
        while os.read(counter.stdout.fileno(), 65536):
            pass
    time.sleep(0.1)
    with pytest.raises(BlockingIOError):
        os.read(counter.stdout.fileno(), 1)
    group.thaw()
    os.set_blocking(counter.stdout.fileno(), True)
    assert os.read(counter.stdout.fileno(), 1) == b"x"
    kill_all(group)
    counter.wait(10)
    counter.stdout.close()


def test_limits_are_in_force_and_can_be_changed(group: Cgroup) -> None:
    warnings = group.create(
        {
            "memory": {"limit": 64 << 20, "reservation": 32 << 20},
            "pids": {"limit": 20},
            "cpu": {"shares": 512, "quota": 50000, "period": 100000},
        }
    )
    assert warnings == []
    stats = group.stats()
    assert (stats.memory.limit, stats.pids_limit) == (64 << 20, 20)
    group.apply({"memory": {"limit": 128 << 20}, "pids": {"limit": -1}})
    stats = group.stats()
    assert (stats.memory.limit, stats.pids_limit) == (128 << 20, 0)


@pytest.mark.skipif("cpu" not in detect().v1, reason="version 2 has weights, to which every number of shares leads")
def test_shares_out_of_the_kernels_range_are_refused(group: Cgroup) -> None:
    group.create({"cpu": {"shares": 2}})
    group.apply({"cpu": {"shares": 262144}})
    with pytest.raises(InvalidParameter, match="the minimum allowed cpu-shares is 2"):
        group.apply({"cpu": {"shares": 1}})
    with pytest.raises(InvalidParameter, match="the maximum allowed cpu-shares is 262144"):
        group.apply({"cpu": {"shares": 262145}})


def test_statistics_count_what_a_container_did(grouped: Box) -> None:
    group = Cgroup.at(grouped.group)
    group.create({})
    started = grouped.start(
        grouped.spec(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000"]), cgroup=group
    )
    try:
        deadline = time.monotonic() + 10
        while not (stats := group.stats()).cpu.total and time.monotonic() < deadline:
            os.sched_yield()
        assert stats.cpu.total > 0
        assert stats.memory.usage > 0
        assert stats.pids == 1
        assert stats.memory.details
    finally:
        kill_all(group)
        os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
        os.close(started.pidfd)


def test_the_pids_limit_holds_a_fork_bomb(grouped: Box) -> None:
    result = grouped.run(
        ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; echo made"], resources={"pids": {"limit": 4}}
    )
    assert "made" not in result.output
    assert result.status != 0


def test_an_out_of_memory_kill_is_137_and_counted(grouped: Box) -> None:
    group = Cgroup.at(grouped.group)
    group.create({"memory": {"limit": 16 << 20, "swap": 16 << 20}})
    spec = grouped.spec(["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"])
    started = grouped.start(spec, cgroup=group)
    result = os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
    os.close(started.pidfd)
    assert result is not None
    assert (result.si_code, result.si_status) == (os.CLD_KILLED, signal.SIGKILL)
    assert group.oom_kills() > 0


def test_who_watches_is_told_that_there_is_no_memory_left_but_not_of_the_groups_end(grouped: Box) -> None:
    group = Cgroup.at(grouped.group)
    group.create({"memory": {"limit": 16 << 20, "swap": 16 << 20}})
    with contextlib.closing(oom.watch(group)) as watch:
        assert not watch.happened()
        script = "dd if=/dev/zero of=/dev/null bs=200M count=1; exit 0"
        started = grouped.start(grouped.spec(["sh", "-c", script]), cgroup=group)
        os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
        os.close(started.pidfd)
        assert select.select([watch.fileno()], [], [], 10)[0]
        assert watch.happened()
        group.remove()
        select.select([watch.fileno()], [], [], 1)
        assert not watch.happened()


@pytest.mark.parametrize(
    ("rules", "node", "allowed"),
    [
        (devices.DEFAULT_RULES, ("c", 1, 3), True),
        (devices.DEFAULT_RULES, ("c", 10, 200), False),
        (devices.DEFAULT_RULES, ("c", 10, 229), False),
        (
            (*devices.DEFAULT_RULES, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}),
            ("c", 10, 229),
            True,
        ),
        (devices.ALL_RULES, ("c", 10, 229), True),
    ],
)
def test_the_device_list_decides_what_a_container_opens(
    grouped: Box, rules: tuple[object, ...], node: tuple[str, int, int], allowed: bool
) -> None:
    kind, major, minor = node
    result = grouped.run(
        ["sh", "-c", f"mknod /dev/x {kind} {major} {minor} && head -c 0 /dev/x && echo opened"],
        resources={"devices": list(rules)},
    )
    assert ("opened" in result.output) is allowed, result.output
    assert allowed or "not permitted" in result.output


@pytest.fixture
def unified(tmp_path: Path) -> Iterator[CgroupV2]:
    mount = detect().unified
    if not mount:
        pytest.skip("no version 2 hierarchy here")
    group = CgroupV2(f"/pydock-test-{os.getpid()}/{tmp_path.name}", Layout(version=2, unified=mount))
    yield group
    kill_all(group)
    group.remove()
    CgroupV2(f"/pydock-test-{os.getpid()}", group.layout).remove()


def test_v2_is_born_into_frozen_killed_and_filtered_by_bpf(unified: CgroupV2, box: Box) -> None:
    rules = [*devices.DEFAULT_RULES, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}]
    unified.create({"devices": rules})  # type: ignore[typeddict-item]
    script = (
        "cat /proc/self/cgroup; mknod /dev/x c 10 229; mknod /dev/y c 10 200;"
        "head -c 0 /dev/null && echo null; head -c 0 /dev/x && echo read; echo > /dev/x; head -c 0 /dev/y; sleep 1000"
    )
    output = os.memfd_create("output")
    started = box.start(box.spec(["sh", "-c", script]), cgroup=unified, stdio=Stdio(-1, output, output))
    deadline = time.monotonic() + 10
    while os.pread(output, 4096, 0).count(b"not permitted") < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    text = os.pread(output, 4096, 0).decode()
    assert f"0::{unified.path}\n" in text
    assert "null\nread\n" in text
    unified.freeze()
    assert "frozen 1" in Path(f"{unified.layout.unified}{unified.path}/cgroup.events").read_text()
    unified.thaw()
    kill_all(unified)
    result = os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
    assert result is not None
    assert result.si_status == signal.SIGKILL
    os.close(started.pidfd)
    os.close(output)


def test_priming_leaves_this_process_where_it_is() -> None:
    before = Path("/proc/self/cgroup").read_text()
    prime()
    assert Path("/proc/self/cgroup").read_text() == before
