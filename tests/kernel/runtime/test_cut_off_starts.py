"""Starts whose daemon or shim dies on the way: nothing comes of them later, when nobody looks any more."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pydock.runtime import channel
from pydock.runtime.messages import Exited, Log, Proceed, Started
from pydock.runtime.zygote_process import Zygote
from tests.kernel.daemon.daemon_process import alive
from tests.kernel.runtime.vessel import OUTPUT, PATIENCE, Vessel, connection, read_end, vessel


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    (tmp_path / "exec").mkdir()
    zygote = Zygote.spawn(tmp_path / "exec", [])
    yield zygote
    zygote.close()


@pytest.fixture
def container(zygote: Zygote, tmp_path: Path) -> Iterator[Vessel]:
    with vessel(zygote, tmp_path) as made:
        yield made


def only_child(pid: int) -> int:
    """The number of the one child of a process, 0 for none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0


def wait_for(wanted: Callable[[], int]) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (found := wanted()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_start_whose_daemon_is_gone_comes_to_nothing(container: Vessel) -> None:
    ours, theirs = connection()
    container.order(["sleep", "1000"], streams=[(OUTPUT, theirs)], heard=False)
    assert read_end(ours) == b""  # so the shim has ended
    ours.close()
    assert [path.name for path in container.bundle.iterdir()] == ["config.json"]


def test_what_waits_for_what_it_needs_ends_with_the_start(zygote: Zygote, container: Vessel) -> None:
    container.order(["sleep", "1000"], proceed=False)
    shim = wait_for(lambda: only_child(zygote.pid))
    newborn = wait_for(lambda: only_child(shim))
    container.control.close()
    wait_for(lambda: not alive(shim))
    assert not alive(newborn)
    assert [path.name for path in container.bundle.iterdir()] == ["config.json"]


def test_what_waits_for_what_it_needs_ends_with_its_shim(zygote: Zygote, container: Vessel) -> None:
    container.order(["sleep", "1000"], proceed=False)
    shim = wait_for(lambda: only_child(zygote.pid))
    newborn = wait_for(lambda: only_child(shim))
    os.kill(shim, signal.SIGKILL)
    wait_for(lambda: not alive(newborn))


def test_what_is_born_among_anothers_processes_is_forked_when_it_is_needed(zygote: Zygote, container: Vessel) -> None:
    spaces = [{"type": "mount"}, {"type": "pid", "path": f"/proc/{os.getpid()}/ns/pid"}]
    container.order(["sleep", "1000"], proceed=False, spec={"namespaces": spaces})
    shim = wait_for(lambda: only_child(zygote.pid))
    wait_for(lambda: _waits(shim))
    assert only_child(shim) == 0
    channel.send(container.control, Proceed())
    started = container.receive_one(Started)
    assert started.init_pid == only_child(shim)
    os.kill(started.init_pid, signal.SIGKILL)
    container.receive_one(Exited)


def _waits(pid: int) -> bool:
    name, _, fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return name.endswith("pydock-shim") and fields.split()[0] == "S"


def test_what_prepares_itself_ends_with_its_shim(zygote: Zygote, container: Vessel, tmp_path: Path) -> None:
    held_up = tmp_path / "log"
    os.mkfifo(held_up)  # opening it takes until somebody reads
    container.order(["true"], log=Log("json-file", str(held_up)))
    shim = wait_for(lambda: only_child(zygote.pid))
    newborn = wait_for(lambda: only_child(shim))
    wait_for(lambda: (container.bundle / "shim.pid").exists())
    os.kill(shim, signal.SIGKILL)
    wait_for(lambda: not alive(newborn))
