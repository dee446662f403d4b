"""Engines for tests that compare: a pydockd of the tests' own, and a real Docker Engine where there is one.

A scene is a function that is played on each engine and returns what it saw; `Pair.compare` wants the same from both,
once IDs, times, roots and the tests' name prefix have been replaced.  Docker's socket is that of
PYDOCK_TEST_DOCKER_SOCKET, or of a dockerd on PATH that is started for the tests with roots and a bridge of its own; its
client is PYDOCK_TEST_DOCKER, or ``docker`` on PATH.
"""

import contextlib
import difflib
import http.client
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import docker_traces

PREFIX = f"pdt{os.getpid()}-"
#: applets that the tests' image has
APPLETS = (
    "sh", "cat", "chmod", "chown", "cut", "echo", "env", "false", "find", "grep", "head", "hostname", "id", "ls",
    "mkdir", "mount", "nc", "nslookup", "printf", "readlink", "rm", "sed", "sleep", "sort", "stat", "touch", "tr",
    "true", "wc",
)  # fmt: skip
_START_LIMIT = 60.0
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_SHORT_HEX = re.compile(r"\b[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Answer:
    """What a request came to; ``value`` is the body, decoded where it is JSON."""

    status: int
    value: Any


@dataclass(eq=False)
class Engine:
    """A running engine and the client to ask it with."""

    name: str
    socket: str
    client: str
    data_root: str
    config: Path
    pid: int = 0
    _names: set[str] = field(default_factory=set)

    def run(self, line: str | Sequence[str], stdin: bytes = b"", timeout: float = 120) -> Outcome:
        """Run the client with a command line; ``@x`` stands for the tests' own object called x."""
        done = self._run(line, stdin, timeout)
        return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def run_bytes(self, line: str | Sequence[str]) -> bytes:
        """Run a command that must succeed; its output as it came."""
        done = self._run(line, b"", 120)
        assert done.returncode == 0, f"{self.name}: {line}: {done.stderr.decode()}"
        return done.stdout

    def _run(self, line: str | Sequence[str], stdin: bytes, timeout: float) -> "subprocess.CompletedProcess[bytes]":
        words = shlex.split(line) if isinstance(line, str) else list(line)
        words = [re.sub(r"@(\w+)", lambda match: self.own(match[1]), word) for word in words]
        environ = {**os.environ, "DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self.config)}
        return subprocess.run([self.client, *words], input=stdin, capture_output=True, env=environ, timeout=timeout)

    def ok(self, line: str | Sequence[str], stdin: bytes = b"") -> str:
        """Run a command that must succeed; its output."""
        outcome = self.run(line, stdin)
        assert outcome.code == 0, f"{self.name}: {line}: {outcome.err}"
        return outcome.out

    def api(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """One request; `query` values that are no strings go as JSON; ``@x`` in the path as in `run`."""
        if query:
            values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
            path += f"?{urlencode(values)}"
        response, text = self._ask(method, path, body)
        try:
            return Answer(response.status, json.loads(text) if text else None)
        except ValueError:
            return Answer(response.status, text)

    def headers(self, method: str, path: str, body: Any = None) -> dict[str, str]:
        """The headers of the answer to a request, as in `api`."""
        return dict(self._ask(method, path, body)[0].getheaders())

    def _ask(self, method: str, path: str, body: Any) -> tuple[http.client.HTTPResponse, str]:
        connection = UnixConnection(self.socket)
        fields = {"Content-Type": "application/json"} if body is not None else {}
        data = None if body is None else self.fill(json.dumps(body)).encode()
        with contextlib.closing(connection):
            connection.request(method, self.fill(path), data, fields)
            response = connection.getresponse()
            return response, response.read().decode("utf-8", "replace")

    def own(self, name: str) -> str:
        """The name of one of the tests' own objects on this engine."""
        self._names.add(name)
        return f"{PREFIX}{name}"

    def fill(self, text: str) -> str:
        """`text` with ``@x`` replaced as in `run`."""
        return re.sub(r"@(\w+)", lambda match: self.own(match[1]), text)

    def inspect(self, kind: str, name: str) -> Any:
        """What ``inspect --type`` shows of one object."""
        return json.loads(self.ok(["inspect", "--type", kind, self.own(name)]))[0]

    def import_image(self, name: str, tree: Mapping[str, "File"] | None = None, changes: Sequence[str] = ()) -> None:
        """Make an image with busybox and `tree` in it; ``@name`` is its name."""
        flags = [word for change in ('CMD ["sh"]', *changes) for word in ("-c", change)]
        self.ok(["import", *flags, "-", self.own(name)], root_tar(tree or {}))

    def sweep(self) -> None:
        """Remove all that the tests have made on this engine."""
        ids = self.run(["ps", "-aq", "--filter", f"name={PREFIX}"]).out.split()
        if ids:
            self.run(["rm", "-fv", *ids])
        for kind, form in (("volume", "{{.Name}}"), ("network", "{{.Name}}")):
            names = self.run([kind, "ls", "--filter", f"name={PREFIX}", "--format", form]).out.split()
            if names:
                self.run([kind, "rm", *names])
        self._names.clear()

    def normalise(self, value: Any) -> Any:
        """`value` with what differs between engines replaced: names of the tests, roots, IDs in order, times."""
        text = json.dumps(value, default=_plain, sort_keys=True)
        text = text.replace(self.data_root, "<root>").replace(PREFIX, "")
        seen: dict[str, str] = {}
        text = _HEX.sub(lambda match: seen.setdefault(match[0], f"<id {len(seen)}>"), text)
        for whole, mark in list(seen.items()):
            text = text.replace(whole[:12], mark)
        text = _SHORT_HEX.sub(lambda match: seen.setdefault(match[0], f"<id {len(seen)}>"), text)
        return json.loads(_TIME.sub("<time>", text))


@dataclass(frozen=True)
class File:
    """A file of an image: bytes, or None for a directory; or where a symbolic link leads."""

    content: bytes | None = b""
    link: str = ""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """The two engines."""

    pydock: Engine
    docker: Engine

    def compare(self, scene: Callable[[Engine], Any]) -> Any:
        """Play `scene` on both, the one after the other; what they return must be equal.  Returns it, normalised."""
        seen = []
        for engine in (self.docker, self.pydock):
            try:
                seen.append(engine.normalise(scene(engine)))
            finally:
                engine.sweep()
        expected, found = seen
        if found != expected:
            lines = [json.dumps(value, indent=1, sort_keys=True).splitlines() for value in seen]
            difference = "\n".join(difflib.unified_diff(lines[0], lines[1], "docker", "pydock", n=2, lineterm=""))
            raise AssertionError(f"the engines differ:\n{difference}")
        return found


def _plain(value: Any) -> Any:
    return value.__dict__ if isinstance(value, (Outcome, Answer)) else str(value)


def root_tar(tree: Mapping[str, File]) -> bytes:
    """A tar of a root file system with busybox and `tree` (by path) in it."""
    busybox = shutil.which("busybox")
    assert busybox
    files: dict[str, File] = {"bin": File(None, mode=0o755), "etc": File(None, mode=0o755)}
    files["bin/busybox"] = File(Path(busybox).read_bytes(), mode=0o755)
    files.update({f"bin/{name}": File(link="busybox") for name in APPLETS})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, file in {**files, **tree}.items():
            entry = tarfile.TarInfo(path)
            entry.mode, (entry.uid, entry.gid) = file.mode, file.owner
            entry.mtime = 1_600_000_000
            entry.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in file.xattrs.items()}
            if file.link:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.link
                archive.addfile(entry)
            elif file.content is None:
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            else:
                entry.size = len(file.content)
                archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        """See `http.client`."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self._path)


def docker_client() -> str:
    """The stock client; "" where there is none."""
    return os.environ.get("PYDOCK_TEST_DOCKER") or shutil.which("docker") or ""


def followed_client() -> str:
    """Docker's client of the release that we follow: others word things differently; skips where there is none."""
    program = docker_client()
    if not program:
        pytest.skip("no docker client at hand")
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    if "version 28.5" not in version:
        pytest.skip(f"the docker client at hand is another release: {version.strip()}")
    return program


@contextlib.contextmanager
def pydock_engine(
    root: Path, client: str = "", *flags: str, letter: str = "p", address: str = "198.19.0.1/24"
) -> Iterator[Engine]:
    """A pydockd with roots and a socket of its own; `client` is pydock where none is given.

    Two at a time need two letters and addresses for their bridges.
    """
    bridge = f"pdt{os.getpid()}{letter}"
    root.mkdir(parents=True, exist_ok=True)
    (root / "daemon.json").write_text("{}")
    command = [
        sys.executable, "-m", "pydock.daemon.main", "--data-root", str(root / "data"),
        "--exec-root", str(root / "exec"),
        "--pidfile", str(root / "pid"), "--config-file", str(root / "daemon.json"), "-H", f"unix://{root}/engine.sock",
        "--bridge", bridge, "--bip", address, "--default-address-pool", "base=198.19.64.0/18,size=24", *flags,
    ]  # fmt: skip
    client = client or _pydock_client(root)
    yield from _running("pydock", command, root, client, bridge)


@contextlib.contextmanager
def docker_engine(root: Path) -> Iterator[Engine | None]:
    """A real Docker Engine; None where there is none."""
    client, given = docker_client(), os.environ.get("PYDOCK_TEST_DOCKER_SOCKET", "")
    if given and client:
        engine = Engine("docker", given, client, "", _client_config(root))
        engine.data_root = engine.api("GET", "/info").value["DockerRootDir"]
        try:
            yield engine
        finally:
            engine.sweep()
        return
    if not client or not shutil.which("dockerd") or os.geteuid():
        yield None
        return
    bridge, before = f"pdt{os.getpid()}d", docker_traces.tables()
    for line in (f"link add {bridge} type bridge", f"addr add 198.19.1.1/24 dev {bridge}", f"link set {bridge} up"):
        subprocess.run(["ip", *line.split()], check=True)
    command = [
        "dockerd", "--data-root", str(root / "data"), "--exec-root", str(root / "exec"), "-p", str(root / "pid"),
        "-H", f"unix://{root}/engine.sock", "--bridge", bridge,
        "--default-address-pool", "base=198.19.128.0/18,size=24",
    ]  # fmt: skip
    try:
        yield from _running("docker", command, root, client, bridge)
    finally:
        docker_traces.sweep(bridge, before)


def _running(name: str, command: list[str], root: Path, client: str, bridge: str) -> Iterator[Engine]:
    engine = Engine(name, f"{root}/engine.sock", client, str(root / "data"), _client_config(root))
    with open(root / "engine.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    engine.pid = process.pid
    try:
        _await(engine, process, root)
        try:
            yield engine
        finally:
            if process.poll() is None:
                engine.sweep()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        subprocess.run(["ip", "link", "del", bridge], capture_output=True)
        _unmount_below(root)


def _await(engine: Engine, process: "subprocess.Popen[bytes]", root: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if engine.api("GET", "/_ping").status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{engine.name} does not start: {(root / 'engine.log').read_text()[-2000:]}")


def _unmount_below(root: Path) -> None:
    """What an engine that was killed left mounted."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in points if point.startswith(f"{root}/")), reverse=True):
        subprocess.run(["umount", "-l", point], capture_output=True)


def _client_config(root: Path) -> Path:
    directory = root / "client"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _pydock_client(root: Path) -> str:
    program = root / "pydock"
    root.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!{sys.executable}\nfrom pydock.cli.main import main\nmain()\n")
    program.chmod(0o755)
    return str(program)
