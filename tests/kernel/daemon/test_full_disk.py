"""Disks without room or without inodes: what is refused is undone, what clears them works, what runs goes on."""

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.daemon.daemon_process import Daemon, eventually
from tests.kernel.daemon.steps import trials

Lack = Callable[[Path], contextlib.AbstractContextManager[None]]
FULL = "no space left on device"


@contextlib.contextmanager
def limited(path: Path, options: str) -> Iterator[None]:
    """A file system of limited size or with limited inodes at `path`."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "pdt", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose data root is a file system of 32 MiB."""
    with limited(tmp_path / "data", "size=32m"), Daemon(tmp_path, "c") as daemon:
        try:
            yield daemon
        finally:
            (tmp_path / "data/filler").unlink(missing_ok=True)


def fill(root: Path, room: int = 0) -> None:
    """Take all of a file system but `room` bytes."""
    filler = root / "filler"
    with open(filler, "ab", 0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, max(0, filler.stat().st_size - room))


@contextlib.contextmanager
def filled(root: Path, room: int = 0) -> Iterator[None]:
    """A file system that has `room` bytes while the block runs."""
    fill(root, room)
    try:
        yield
    finally:
        (root / "filler").unlink()


@contextlib.contextmanager
def without_inodes(root: Path) -> Iterator[None]:
    """A file system that takes no more files while the block runs."""
    (root / "fillers").mkdir()
    with contextlib.suppress(OSError):
        for number in itertools.count():
            (root / "fillers" / str(number)).touch()
    try:
        yield
    finally:
        shutil.rmtree(root / "fillers")


def test_a_full_disk_stops_neither_containers_nor_what_clears_it(small: Daemon) -> None:
    wait = "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; exit 9"
    ending, stopping, running = small.shell(wait), small.run("sleep", "1000"), small.run("sleep", "1000")
    transient = small.run("sleep", "1000", host={"AutoRemove": True})
    kept = small.get("/images/json")
    fill(small.root / "data")
    Path(f"/proc/{small.state(ending)['Pid']}/root/dev/shm/go").touch()
    assert small.wait(ending) == 9
    small.ok("POST", f"/containers/{stopping}/stop?t=0")
    small.ok("POST", f"/containers/{transient}/kill")
    eventually(lambda: small.call("GET", f"/containers/{transient}/json")[0] == 404)
    assert small.call("POST", "/images/create?fromSrc=-&repo=more", b"x" * 512, "application/x-tar")[0] >= 400
    fill(small.root / "data")
    small.restart()
    assert (small.status(running), small.state(ending)["ExitCode"], small.status(stopping)) == ("running", 9, "exited")
    assert small.get("/images/json") == kept
    assert small.execute(running, "echo", "hi") == (0, b"hi\n")
    for identity in (ending, stopping):
        small.ok("DELETE", f"/containers/{identity}")
    small.ok("DELETE", f"/containers/{running}?force=1")
    (small.root / "data/filler").unlink()
    assert small.wait(small.shell("exit 3")) == 3


def test_a_daemon_starts_on_a_full_disk_without_any_reserve(small: Daemon) -> None:
    running, code = small.run("sleep", "1000"), small.shell("sleep 0.5; exit 4")
    small.kill()
    (small.root / "data/pydock.reserve").unlink()
    fill(small.root / "data")
    small.start()
    assert small.wait(code) == 4
    assert small.status(running) == "running"
    small.ok("POST", f"/containers/{running}/kill")
    for identity in (code, running):  # and after an orderly end, too
        small.stop()
        fill(small.root / "data")
        small.start()
        small.ok("DELETE", f"/containers/{identity}?force=1")


def test_a_full_exec_root_hides_no_end(tmp_path: Path) -> None:
    with limited(tmp_path / "exec", "size=8m"), Daemon(tmp_path, "c") as engine:
        ending = engine.shell("while [ ! -e /dev/shm/go ]; do sleep 0.05; done; exit 9")
        running = engine.run("sleep", "1000")
        fill(tmp_path / "exec")
        Path(f"/proc/{engine.state(ending)['Pid']}/root/dev/shm/go").touch()
        assert engine.wait(ending) == 9
        assert engine.call("POST", f"/containers/{engine.create('true')}/start")[0] == 500
        engine.restart()
        assert (engine.status(running), engine.state(ending)["ExitCode"]) == ("running", 9)
        (tmp_path / "exec/filler").unlink()
        assert engine.wait(engine.shell("exit 3")) == 3


MAKING = ("create", "start", "commit", "load", "import", "pull", "rename", "create volume", "connect")
CLEARING = ("stop", "end", "disconnect", "remove", "remove image", "remove volume", "remove network",
            "prune containers", "prune images", "prune volumes")  # fmt: skip


@pytest.mark.parametrize("room", [0, 48 << 10, 256 << 10])
def test_what_a_full_disk_stops_is_undone(tmp_path: Path, room: int) -> None:
    with limited(tmp_path / "data", "size=48m"), trials(tmp_path) as steps:
        for name in MAKING:
            assert steps.fail(name, filled(tmp_path / "data", room), FULL) == []


def test_what_a_disk_without_inodes_stops_is_undone(tmp_path: Path) -> None:
    with limited(tmp_path / "data", "size=48m,nr_inodes=2000"), trials(tmp_path) as steps:
        for name in MAKING:
            assert steps.fail(name, without_inodes(tmp_path / "data"), FULL) == []


@pytest.mark.parametrize("lack", [filled, without_inodes])
def test_what_clears_a_full_disk_works(tmp_path: Path, lack: Lack) -> None:
    with limited(tmp_path / "data", "size=48m,nr_inodes=2000"), trials(tmp_path) as steps:
        for name in CLEARING:
            assert steps.fail(name, lack(tmp_path / "data"), "nothing") == []


def test_a_full_exec_root_leaves_nothing_half_done(tmp_path: Path) -> None:
    with limited(tmp_path / "exec", "size=8m"), trials(tmp_path) as steps:
        for name in ("start", "start again", "restart", "exec", "connect", "disconnect", "rename", "stop", "remove"):
            assert steps.fail(name, filled(tmp_path / "exec"), FULL) == []
