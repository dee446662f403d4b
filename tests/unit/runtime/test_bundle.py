"""Where the shim and the daemon find each other."""

import os
import subprocess
from pathlib import Path

import pytest

from pydock.runtime import bundle
from pydock.runtime.messages import Exited


@pytest.fixture
def directory(tmp_path: Path) -> str:
    """A bundle whose socket's path would not fit into an address."""
    path = tmp_path / ("x" * 100) / ("y" * 64)
    path.mkdir(parents=True)
    return str(path)


def test_a_socket_of_any_path_is_found(directory: str) -> None:
    server = bundle.listen(directory)
    server.setblocking(True)
    assert os.stat(f"{directory}/{bundle.SOCKET}").st_mode & 0o777 == 0o600
    client = bundle.connect(directory)
    other, _ = server.accept()
    client.send(b"hello")
    assert other.recv(10) == b"hello"
    for sock in (client, other, server):
        sock.close()
    with pytest.raises(ConnectionRefusedError):
        bundle.connect(directory)
    bundle.listen(directory).close()  # in the place of the dead one
    bundle.clear(directory)
    with pytest.raises(FileNotFoundError):
        bundle.connect(directory)


def test_only_the_process_that_wrote_its_number_counts_as_the_shim(directory: str) -> None:
    assert bundle.shim_pid(directory) == 0
    bundle.write_pid(directory, os.getpid())
    assert bundle.shim_pid(directory) == os.getpid()
    with subprocess.Popen(["sleep", "100"]) as process:
        bundle.write_pid(directory, process.pid)
        assert bundle.shim_pid(directory) == process.pid
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert bundle.shim_pid(directory) == 0  # a zombie
    assert bundle.shim_pid(directory) == 0
    path = Path(directory) / bundle.PID
    path.write_text(path.read_text().replace(str(process.pid), str(os.getpid())))
    assert bundle.shim_pid(directory) == 0  # another process of the same number


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_files_that_cannot_be_read_say_nothing(directory: str, content: str) -> None:
    for name in (bundle.PID, bundle.EXIT):
        Path(directory, name).write_text(content)
    assert bundle.shim_pid(directory) == 0
    assert bundle.read_exit(directory) is None


def test_the_exit_status_is_kept_until_the_next_life(directory: str) -> None:
    assert bundle.read_exit(directory) is None
    bundle.write_exit(directory, Exited(137, True, 12345))
    assert bundle.read_exit(directory) == Exited(137, True, 12345)
    bundle.clear(directory)
    assert bundle.read_exit(directory) is None
    assert os.listdir(directory) == []


def test_nothing_is_left_open(directory: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    bundle.listen(directory).close()
    with pytest.raises(OSError):
        bundle.connect(directory)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("damage", ["fifo", "endless", "directory", "deep", "elsewhere"])
def test_what_takes_the_place_of_a_shims_words_says_nothing(directory: str, damage: str) -> None:
    elsewhere = Path(directory) / "elsewhere"
    bundle.write_pid(directory, os.getpid())
    os.rename(f"{directory}/{bundle.PID}", elsewhere)
    for name in (bundle.PID, bundle.EXIT):
        path = Path(directory) / name
        match damage:
            case "fifo":
                os.mkfifo(path)
            case "endless":
                path.symlink_to("/dev/zero")
            case "directory":
                path.mkdir()
            case "deep":
                path.write_text("[" * 100_000)
            case _:
                path.symlink_to(elsewhere)
    assert bundle.shim_pid(directory) == 0
    assert bundle.read_exit(directory) is None
