"""clone3(2) as a fork that Python survives."""

import os
import threading
from pathlib import Path

from pydock.linux import capability, namespaces, process


def test_a_child_is_forked_with_a_pidfd() -> None:
    ours, theirs = os.pipe()
    pid, pidfd = namespaces.fork_into(0)
    if pid == 0:
        os.write(theirs, f"{os.getpid()} {threading.main_thread() is threading.current_thread()}".encode())
        os._exit(3)
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    assert result is not None
    assert (result.si_pid, result.si_status) == (pid, 3)
    assert os.read(ours, 100).decode() == f"{pid} True"
    assert not os.get_inheritable(pidfd)
    for descriptor in (ours, theirs, pidfd):
        os.close(descriptor)


def test_names_and_descriptors_of_a_process() -> None:
    ours, theirs = os.pipe()
    pid, pidfd = namespaces.fork_into(0)
    if pid == 0:
        process.set_name("a-name-that-is-too-long")
        with open("/proc/self/comm") as file:
            os.write(theirs, file.read().encode())
        process.close_range(3)
        os._exit(len(os.listdir("/proc/self/fd")) - 1)
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    assert result is not None
    assert result.si_status == 3
    assert os.read(ours, 100) == b"a-name-that-is-\n"
    for descriptor in (ours, theirs, pidfd):
        os.close(descriptor)


def test_capabilities_are_read_in_halves() -> None:
    effective, permitted, _ = capability.capget()
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":\t") for line in lines if line.startswith("Cap"))
    assert (effective, permitted) == (int(status["CapEff"], 16), int(status["CapPrm"], 16))
