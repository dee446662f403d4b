"""A pydockd of the tests' own as a process that can be killed and started again, and ways to ask it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from pydock.runtime.cgroups import Cgroup
from pydock.streams import FrameDecoder
from tests.clients.engines import root_tar

#: how long anything may take, in seconds: far more than it does, as the machine may be at other work, or be emulated
PATIENCE = float(os.environ.get("PYDOCK_TEST_PATIENCE", "120"))
IMAGE = "box"


class Daemon:
    """One daemon with roots, socket, bridge and control groups of its own."""

    #: what is run as pydockd
    module = "pydock.daemon.main"

    def __init__(self, root: Path, letter: str, *flags: str) -> None:
        self.root = root
        self.socket = str(root / "engine.sock")
        self.bridge = f"pdt{os.getpid()}{letter}"
        self.cgroups = f"/{self.bridge}"
        self._flags = flags
        self._subnet = 100 + ord(letter) - ord("a")
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Daemon":
        self.start()
        status, _ = self.call("POST", "/images/create?fromSrc=-&repo=box", root_tar({}), "application/x-tar")
        assert status == 200
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process is None or self.process.poll() is not None:
                self.start()
            self.sweep()
            self.stop()
        finally:  # a bridge that stays would take the packets of later tests
            if self.process and self.process.poll() is None:
                self.kill()
            subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)
        with contextlib.suppress(OSError):
            Cgroup.at(self.cgroups).remove()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            sys.executable, "-m", self.module, "--data-root", str(self.root / "data"),
            "--exec-root", str(self.root / "exec"), "--pidfile", str(self.root / "pid"), "-H", f"unix://{self.socket}",
            "--bridge", self.bridge, "--bip", f"198.19.{self._subnet}.1/24", "--cgroup-parent", self.cgroups,
            *self._flags,
        ]  # fmt: skip
        with open(self.root / "daemon.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if self.call("GET", "/_ping")[0] == 200:
                    return
            time.sleep(0.02)
        if self.process.poll() is None:
            self.kill()
        raise AssertionError(f"the daemon does not start: {self.log()[-3000:]}")

    def stop(self) -> None:
        """End it in order."""
        assert self.process
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0

    def kill(self) -> None:
        """kill -9."""
        assert self.process
        self.process.kill()
        self.process.wait(PATIENCE)

    def restart(self, meanwhile: Callable[[], Any] = lambda: None) -> None:
        """kill -9, and start it again."""
        self.kill()
        meanwhile()
        self.start()

    def log(self) -> str:
        """What it has said."""
        return (self.root / "daemon.log").read_text()

    def sweep(self) -> None:
        """Remove every container."""
        for one in self.get("/containers/json?all=1"):
            self.call("DELETE", f"/containers/{one['Id']}?force=1&v=1")

    # requests

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        """One request: (status, the body, decoded where it is JSON)."""
        connection = _Connection(self.socket)
        with contextlib.closing(connection):
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": kind} if body is not None else {})
            response = connection.getresponse()
            text = response.read()
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """A request that must succeed; what it answers."""
        status, value = self.call(method, path, body)
        assert status < 300, (path, status, value)
        return value

    def get(self, path: str) -> Any:
        """GET."""
        return self.ok("GET", path)

    def create(self, *args: str, name: str = "", host: dict[str, Any] | None = None, **config: Any) -> str:
        """Create a container; its ID.  What is published is exposed, too, as clients say it."""
        wanted = {"NetworkMode": "none", **(host or {})}
        exposed: dict[str, Any] = {port: {} for port in wanted.get("PortBindings") or ()}
        body = {"Image": IMAGE, "Cmd": list(args), "HostConfig": wanted, "ExposedPorts": exposed, **config}
        query = f"?{urlencode({'name': name})}" if name else ""
        identity: str = self.ok("POST", f"/containers/create{query}", body)["Id"]
        return identity

    def run(self, *args: str, **options: Any) -> str:
        """Create and start a container; its ID."""
        identity = self.create(*args, **options)
        self.ok("POST", f"/containers/{identity}/start")
        return identity

    def shell(self, script: str, **options: Any) -> str:
        """The same with a shell script."""
        return self.run("sh", "-c", script, **options)

    def state(self, identity: str) -> dict[str, Any]:
        """``State`` of its inspect."""
        state: dict[str, Any] = self.get(f"/containers/{identity}/json")["State"]
        return state

    def status(self, identity: str) -> str:
        """``State.Status``."""
        return str(self.state(identity)["Status"])

    def wait(self, identity: str, condition: str = "not-running") -> int:
        """Wait for a container; its exit code."""
        return int(self.ok("POST", f"/containers/{identity}/wait?condition={condition}")["StatusCode"])

    def logs(self, identity: str) -> bytes:
        """All that stands in the log, both streams as they came."""
        connection = _Connection(self.socket)
        with contextlib.closing(connection):
            connection.request("GET", f"/containers/{identity}/logs?stdout=1&stderr=1")
            return b"".join(bytes(data) for _, data in FrameDecoder().feed(connection.getresponse().read()))

    def execute(self, identity: str, *args: str) -> tuple[int, bytes]:
        """Run an exec to its end: (exit code, output)."""
        wanted = {"Cmd": list(args), "AttachStdout": True, "AttachStderr": True}
        run = self.ok("POST", f"/containers/{identity}/exec", wanted)["Id"]
        with self.upgrade(f"/exec/{run}/start", b"{}") as sock:
            output = unframed(read_end(sock))
        code = self.get(f"/exec/{run}/json")["ExitCode"]
        assert code is not None
        return code, output

    @contextlib.contextmanager
    def upgrade(self, path: str, body: bytes = b"") -> Iterator[socket.socket]:
        """A hijacked connection, its head read."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.socket)
            head = f"POST {path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(head.encode() + body)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                piece = sock.recv(1)
                assert piece, answer
                answer += piece
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            yield sock

    @contextlib.contextmanager
    def events(self) -> Iterator[list[dict[str, Any]]]:
        """The events of containers that come while the block runs; filled in at its end."""
        since = time.time()
        seen: list[dict[str, Any]] = []
        yield seen
        query = urlencode({"since": f"{since:.9f}", "until": f"{time.time():.9f}", "filters": '{"type":["container"]}'})
        connection = _Connection(self.socket)
        with contextlib.closing(connection):
            connection.request("GET", f"/events?{query}")
            seen.extend(json.loads(line) for line in connection.getresponse().read().splitlines())

    # processes

    def shim(self, identity: str) -> int:
        """The number of a container's shim."""
        return int(json.loads((self.root / "exec/containers" / identity / "shim.pid").read_text())["pid"])

    def zygote(self) -> int:
        """The number of its zygote."""
        assert self.process
        for pid in _children(self.process.pid):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "pydock-zygote":
                return pid
        raise AssertionError("there is no zygote")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self._path)


def actions(events: Sequence[dict[str, Any]], identity: str) -> list[str]:
    """What happened to one container, in order."""
    return [event["Action"] for event in events if event["Actor"]["ID"] == identity]


def read_end(sock: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def read_until(sock: socket.socket, wanted: bytes) -> bytes:
    """What comes, up to and with `wanted`."""
    seen = b""
    while wanted not in seen:
        part = sock.recv(65536)
        assert part, f"the connection ended after {seen!r}"
        seen += part
    return seen


def unframed(data: bytes) -> bytes:
    """The payload of stdcopy frames."""
    return b"".join(bytes(piece) for _, piece in FrameDecoder().feed(data))


def eventually(condition: Callable[[], Any]) -> Any:
    """Wait until `condition` holds; what it gives."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)
    return value


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal and wait for the end."""
    os.kill(pid, number)
    eventually(lambda: not alive(pid))


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
