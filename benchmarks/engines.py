"""The engines that are compared: a pydockd of our own roots, and a Docker Engine that runs or is started here."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.api import Api

#: seconds that a daemon may take to answer
START_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine.  ``command``: its client with the host in it; ``pid``: its daemon; ``exec_root``: pydock's."""

    name: str
    command: tuple[str, ...]
    socket: str
    api: Api
    pid: int
    exec_root: Path | None = None

    def cli(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Run the client, which must succeed; what it printed."""
        done = subprocess.run([*self.command, *arguments], input=stdin, stdout=subprocess.PIPE, check=True)
        return done.stdout

    def clock(self, *arguments: str) -> float:
        """Seconds that the client takes for a command; its output goes nowhere."""
        begin = time.perf_counter()
        subprocess.run(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - begin


@contextlib.contextmanager
def pydock(folder: Path, bridge: str = "pydockbench0", octet: int = 119) -> Iterator[Engine]:
    """A pydockd with roots below `folder`, and a bridge and two networks 10.`octet` of its own."""
    binaries = Path(sys.executable).parent
    path = folder / "pydock.sock"
    command = [
        binaries / "pydockd", "--data-root", folder / "data", "--exec-root", folder / "exec", "-H", f"unix://{path}",
        "--pidfile", folder / "pydockd.pid", "--bridge", bridge, "--bip", f"10.{octet}.0.1/16",
        "--default-address-pool", f"base=10.{octet + 1}.0.0/16,size=24",
    ]  # fmt: skip
    with _daemon(command, path, folder / "pydockd.log") as process:
        client = (str(binaries / "pydock"), "-H", f"unix://{path}")
        yield Engine("pydock", client, str(path), Api(str(path)), process.pid, folder / "exec")


@contextlib.contextmanager
def docker(folder: Path, path: str, client: str) -> Iterator[Engine]:
    """The Docker Engine at socket `path`; "" starts the dockerd that is installed here, on roots of its own."""
    if path:
        yield Engine("docker", (client, "-H", f"unix://{path}"), path, Api(path), _peer(path))
        return
    if not shutil.which("dockerd"):
        raise SystemExit("benchmarks: no Docker Engine here: install docker.io or give --docker SOCKET")
    bridge = "dockerbench0"
    subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", "10.121.0.1/16", "dev", bridge], check=True)
        subprocess.run(["ip", "link", "set", bridge, "up"], check=True)
        socket_path = folder / "docker.sock"
        command = [
            "dockerd", "--data-root", folder / "docker", "--exec-root", folder / "docker-exec", "-H",
            f"unix://{socket_path}", "-p", folder / "dockerd.pid", "--bridge", bridge,
            "--default-address-pool", "base=10.122.0.0/16,size=24",
        ]  # fmt: skip
        with _daemon(command, socket_path, folder / "dockerd.log") as process:
            command_line = (client, "-H", f"unix://{socket_path}")
            yield Engine("docker", command_line, str(socket_path), Api(str(socket_path)), process.pid)
    finally:
        subprocess.run(["ip", "link", "delete", bridge], check=False)


@contextlib.contextmanager
def _daemon(command: Sequence[object], path: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with open(log, "wb") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
    try:
        limit = time.monotonic() + START_LIMIT
        while not _answers(path):
            if process.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"benchmarks: {command[0]} does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    try:
        return bool(Api(str(path)).call("GET", "/_ping") == b"OK")
    except (OSError, RuntimeError):
        return False


def _peer(path: str) -> int:
    """The process that listens on a Unix socket; 0 where it cannot be told (SO_PEERCRED, unix(7))."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid = int.from_bytes(credentials[:4], sys.byteorder)
    return pid if os.path.exists(f"/proc/{pid}") else 0
