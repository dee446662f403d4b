"""The program pydockd: its sockets and roots, its marks against a second one, socket activation, its end."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
BRIDGE = f"pdt{os.getpid() % 10000}d"
LIMIT = 30.0


class Daemon:
    """pydockd on roots of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.socket = root / "pydock.sock"
        self.processes: list[subprocess.Popen[bytes]] = []

    def command(self, *flags: str, name: str = "") -> list[str]:
        """The command line; `name` tells other roots apart."""
        return [
            *(sys.executable, "-m", "pydock.daemon.main", "--bridge", BRIDGE, "--bip", "10.229.77.1/24"),
            *("--data-root", f"{self.root}/data{name}", "--exec-root", f"{self.root}/exec{name}"),
            *("--pidfile", f"{self.root}/pid{name}", *flags),
        ]

    def start(self, *flags: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start it and wait until it answers."""
        with open(self.root / "log", "ab") as log:
            process = subprocess.Popen(self.command(*flags), stderr=log, **more)
        self.processes.append(process)
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            try:
                self.get("/_ping")
            except OSError:
                assert process.poll() is None, (self.root / "log").read_text()
                time.sleep(0.05)
            else:
                return process
        raise AssertionError((self.root / "log").read_text())

    def get(self, path: str) -> bytes:
        """The body of an answer."""
        return self.ask(path)[0]

    def ask(self, path: str) -> tuple[bytes, dict[str, str]]:
        """The body of an answer and its headers."""
        with contextlib.closing(http.client.HTTPConnection("x")) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.socket))
            connection.request("GET", path)
            with connection.getresponse() as response:
                return response.read(), dict(response.getheaders())

    def end(self) -> None:
        """End all that still runs, and take its bridge and its packet filter away, which it leaves to containers."""
        for process in self.processes:
            process.terminate()
            process.wait(LIMIT)
        table = f"pydock-{hashlib.sha256(f'{self.root}/exec'.encode()).hexdigest()[:8]}"
        for command in (["ip", "link", "delete", BRIDGE], ["nft", "delete", "table", "inet", table]):
            subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon, not started yet."""
    one = Daemon(tmp_path)
    yield one
    one.end()


def test_a_daemon_keeps_its_socket_and_roots_to_itself(daemon: Daemon) -> None:
    process = daemon.start("-H", f"unix://{daemon.socket}")
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o660
    assert stat.S_IMODE((daemon.root / "data").stat().st_mode) == 0o710
    assert stat.S_IMODE((daemon.root / "data/pydock.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((daemon.root / "exec/runtime.log").stat().st_mode) == 0o600
    assert (daemon.root / "pid").read_text() == str(process.pid)
    process.terminate()
    assert process.wait(LIMIT) == 0
    assert not daemon.socket.exists()
    assert not (daemon.root / "pid").exists()


def test_a_second_daemon_on_the_same_root_is_refused(daemon: Daemon) -> None:
    daemon.start("-H", f"unix://{daemon.socket}")
    command = daemon.command("-H", f"unix://{daemon.root}/other.sock")
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 1
    assert f"another daemon is using {daemon.root}/data" in done.stderr
    assert json.loads(daemon.get("/info"))["DockerRootDir"] == f"{daemon.root}/data"


def test_the_engine_keeps_its_id_and_tells_its_warnings(daemon: Daemon) -> None:
    first = daemon.start("-H", f"unix://{daemon.socket}", "--label", "a=b", "-H", "tcp://127.0.0.1:0")
    info = json.loads(daemon.get("/info"))
    assert info["Labels"] == ["a=b"]
    assert info["Driver"] == "overlay2"
    assert info["Swarm"]["LocalNodeState"] == "inactive"
    assert info["Warnings"][-1].startswith("WARNING: API is accessible on http://127.0.0.1:0 without encryption.")
    assert 'level=warning msg="tcp://127.0.0.1:0 without --tlsverify gives root' in (daemon.root / "log").read_text()
    first.terminate()
    first.wait(LIMIT)
    daemon.start("-H", f"unix://{daemon.socket}")
    assert json.loads(daemon.get("/info"))["ID"] == info["ID"]


@pytest.mark.parametrize("flags", [(), ("--experimental",)])
def test_every_answer_says_whether_features_are_experimental(daemon: Daemon, flags: tuple[str, ...]) -> None:
    daemon.start("-H", f"unix://{daemon.socket}", *flags)
    for path in ("/_ping", "/version", "/nothing"):
        assert daemon.ask(path)[1]["Docker-Experimental"] == ("true" if flags else "false")
    assert json.loads(daemon.get("/info"))["ExperimentalBuild"] is bool(flags)


def test_a_hangup_reads_the_configuration_file_again(daemon: Daemon) -> None:
    file = daemon.root / "daemon.json"
    file.write_text("{}")
    process = daemon.start("-H", f"unix://{daemon.socket}", "--config-file", str(file))
    file.write_text('{"labels": ["new=yes"], "debug": true}')
    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + LIMIT
    while json.loads(daemon.get("/info"))["Labels"] != ["new=yes"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(daemon.get("/info"))["Debug"]
    file.write_text('{"nonsense": 1}')
    process.send_signal(signal.SIGHUP)
    assert json.loads(daemon.get("/info"))["Labels"] == ["new=yes"]
    past = daemon.get(f"/events?since=1&until={time.time()}&filters=%7B%22type%22:%5B%22daemon%22%5D%7D")
    told = json.loads(past)
    assert told["Action"] == "reload"
    assert sorted(told["Actor"]["Attributes"]) == [
        "debug", "default-cgroupns-mode", "default-ipc-mode", "default-runtime", "default-shm-size", "features",
        "insecure-registries", "labels", "live-restore", "max-concurrent-downloads", "max-concurrent-uploads",
        "max-download-attempts", "name", "registry-mirrors", "runtimes", "shutdown-timeout",
    ]  # fmt: skip


def test_systemd_hands_its_socket_over(daemon: Daemon) -> None:
    with (
        socket.socket(socket.AF_UNIX) as sock,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
    ):
        sock.bind(str(daemon.socket))
        sock.listen()
        hand_over(daemon, sock, told)


def hand_over(daemon: Daemon, sock: socket.socket, told: socket.socket) -> None:
    """Start the daemon as systemd does, with its socket and somebody to tell."""
    told.bind(str(daemon.root / "notify"))
    told.settimeout(LIMIT)
    script = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    command = [sys.executable, "-c", script, str(sock.fileno()), *daemon.command("-H", "fd://")]
    with open(daemon.root / "log", "ab") as log:
        environment = {**os.environ, "NOTIFY_SOCKET": str(daemon.root / "notify")}
        process = subprocess.Popen(command, stderr=log, pass_fds=[sock.fileno()], env=environment)
    daemon.processes.append(process)
    assert told.recv(100) == b"READY=1"
    assert daemon.get("/_ping") == b"OK"
    process.terminate()
    assert told.recv(100) == b"STOPPING=1"
    assert process.wait(LIMIT) == 0
    assert daemon.socket.exists()  # it is systemd's


def test_what_a_cluster_would_answer_is_said_as_by_an_engine_in_none(daemon: Daemon) -> None:
    daemon.start("-H", f"unix://{daemon.socket}")
    assert b"This node is not a swarm manager." in daemon.get("/v1.50/nodes")
    assert daemon.get("/plugins") == b"[]\n"
    assert json.loads(daemon.get("/v1.50/system/df"))["Containers"] == []
    assert b"unknown object type: x" in daemon.get("/v1.50/system/df?type=x")
