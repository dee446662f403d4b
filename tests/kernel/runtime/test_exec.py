"""One more process in a running container: the same rights, the same view, and nothing of the engine's."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pydock.errors import StepFailed
from pydock.runtime import capabilities, devices, launch
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.spec import Process
from tests.kernel.runtime.box import Box, default_filter, read_all, reap


@pytest.fixture
def running(grouped: Box) -> Iterator[tuple[Box, launch.Launched, Cgroup]]:
    group = Cgroup.at(grouped.group)
    group.create({"devices": list(devices.DEFAULT_RULES)})
    started = grouped.start(grouped.spec(["sleep", "1000"]), cgroup=group)
    yield grouped, started, group
    try:
        signal.pidfd_send_signal(started.pidfd, signal.SIGKILL)
    except ProcessLookupError:
        pass
    reap(started)


def run(running: tuple[Box, launch.Launched, Cgroup], args: list[str], **changes: Any) -> tuple[int, str]:
    box, started, group = running
    spec = box.spec(args)
    process = cast(Process, {**spec["process"], **changes})
    output = os.memfd_create("output")
    try:
        done = launch.start_exec(
            launch.ExecLaunch(
                process, started.pid, started.pidfd, launch.Stdio(-1, output, output), default_filter(spec), group
            )
        )
        return reap(done), read_all(output)
    finally:
        os.close(output)


Running = tuple[Box, launch.Launched, Cgroup]


def test_it_is_in_the_containers_namespaces_root_and_groups(running: Running) -> None:
    _, started, group = running
    status, output = run(
        running,
        [
            "sh",
            "-c",
            "cat /proc/self/cgroup; for k in pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$k; done; ls /",
        ],
    )
    assert status == 0
    assert group.path in output
    for kind in ("pid", "mnt", "uts", "ipc", "net", "cgroup"):
        assert os.readlink(f"/proc/{started.pid}/ns/{kind}") in output
    assert "root" not in output.split()


def test_it_has_the_containers_rights_and_filter_and_no_more(running: Running) -> None:
    for user, effective in (("", capabilities.mask(capabilities.DEFAULT)), ("app", 0)):
        _, output = run(running, ["cat", "/proc/self/status"], user={"username": user})
        seen = dict(line.split(":\t", 1) for line in output.splitlines() if ":\t" in line)
        assert (int(seen["CapEff"], 16), seen["CapInh"], seen["Seccomp"]) == (effective, "0" * 16, "2")
        assert int(seen["CapBnd"], 16) == capabilities.mask(capabilities.DEFAULT)


def test_only_the_standard_descriptors_are_open(running: Running) -> None:
    _, output = run(running, ["sh", "-c", "ls /proc/$$/fd; :"])
    assert output.split() == ["0", "1", "2"]


@pytest.mark.parametrize(
    "place", ["true", "rm /dev/null", "rm /dev/null; echo x > /dev/null", "rm /dev/null; /bin/busybox mkfifo /dev/null"]
)
def test_the_null_device_is_never_the_hosts(running: Running, place: str) -> None:
    assert run(running, ["sh", "-c", place])[0] == 0
    status, output = run(running, ["sh", "-c", "stat -L -c '%d:%i %F %t:%T' /proc/self/fd/0; /bin/busybox wc -c"])
    host = os.stat("/dev/null")
    assert status == 0
    assert "character special file 1:3\n0\n" in output
    assert not output.startswith(f"{host.st_dev}:{host.st_ino} ")


def test_a_working_directory_is_not_made_and_never_leads_out(running: Running) -> None:
    with pytest.raises(StepFailed) as caught:
        run(running, ["true"], cwd="/missing")
    assert caught.value.errno == errno.ENOENT
    for goal in ("/proc/1/root/proc/1/cwd", "/proc/self/fd/3", "/proc/self/cwd"):
        with pytest.raises(StepFailed):
            run(running, ["true"], cwd=goal)


def test_a_passwd_that_became_a_fifo_does_not_hang_it(running: Running) -> None:
    status, _ = run(running, ["sh", "-c", "rm /etc/passwd; exec /bin/busybox mkfifo /etc/passwd"])
    assert status == 0
    with pytest.raises(StepFailed, match="no matching entries"):
        run(running, ["id"], user={"username": "app"})
    for user in ({"username": ""}, {"username": "0"}, {"uid": 0, "gid": 0}):
        # busybox's `id` would open the FIFO itself
        assert run(running, ["stat", "-Lc", "%u", "/proc/self"], user=user) == (0, "0\n")


def test_a_terminal_is_made_in_the_containers_devpts(running: Running) -> None:
    box, started, group = running
    process = cast(Process, {**box.spec(["sh", "-c", "tty; stty size; echo done"])["process"], "terminal": True})
    process["consoleSize"] = {"height": 33, "width": 99}
    done = launch.start_exec(launch.ExecLaunch(process, started.pid, started.pidfd, cgroup=group))
    output = b""
    while b"done" not in output:
        output += os.read(done.terminal, 4096)
    os.close(done.terminal)
    reap(done)
    assert output.splitlines()[:2] == [b"/dev/pts/0", b"33 99"]


def test_a_multiplexer_that_the_container_replaced_is_refused(running: Running) -> None:
    box, started, group = running
    run(running, ["sh", "-c", "rm /dev/ptmx; /bin/busybox mkfifo /dev/ptmx"])
    process = cast(Process, {**box.spec(["true"])["process"], "terminal": True})
    done = launch.start_exec(launch.ExecLaunch(process, started.pid, started.pidfd, cgroup=group))
    assert reap(done) == 0
    os.close(done.terminal)


def test_it_fails_typed_when_the_container_is_gone(running: Running) -> None:
    _, started, _ = running
    signal.pidfd_send_signal(started.pidfd, signal.SIGKILL)
    os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED | os.WNOWAIT)
    with pytest.raises(StepFailed):
        run(running, ["true"])


def test_one_that_was_reaped_just_now_is_told_as_gone(running: Running) -> None:
    """Not as a path that is not there, as if the exec's program were meant."""
    box, started, group = running
    ended = os.fork() or os._exit(0)
    os.waitpid(ended, 0)
    with pytest.raises(StepFailed) as caught:
        run((box, launch.Launched(ended, started.pidfd), group), ["true"])
    assert caught.value.errno == errno.ESRCH


def test_the_callers_own_pid_namespace_is_kept(running: Running) -> None:
    run(running, ["true"])
    pid = os.fork()
    if pid == 0:
        os._exit(0 if os.readlink("/proc/self/ns/pid") == os.readlink(f"/proc/{os.getppid()}/ns/pid") else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert Path("/proc/self/ns/pid_for_children").readlink() == Path("/proc/self/ns/pid").readlink()
