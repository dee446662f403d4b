"""The daemon's side of a container for the shim tests: a zygote, a bundle, a control socket, clients."""

import contextlib
import dataclasses
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydock.linux import datagram
from pydock.runtime import bundle, channel
from pydock.runtime.launch import birthplace
from pydock.runtime.messages import (
    AttachStream,
    ClientStream,
    Done,
    ExecStarted,
    Exited,
    Log,
    Message,
    Proceed,
    Signal,
    StartContainer,
    Started,
    StartExec,
)
from pydock.runtime.zygote_process import Zygote
from pydock.streams import FrameDecoder
from tests.kernel.runtime.box import Box

T = TypeVar("T", bound=Message)
PATIENCE = 20
#: a client that wants all output, framed
OUTPUT = ClientStream(stdout=True, stderr=True)


class Vessel:
    """One container and its shim.  ``control`` is the daemon's end of the control socket."""

    def __init__(self, zygote: Zygote, directory: Path) -> None:
        self.box = Box(directory / "box")
        self.bundle = directory / "bundle"
        self.bundle.mkdir()
        self.log = Log("json-file", str(directory / "container-json.log"))
        self.zygote = zygote
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.started: Started | None = None
        self.exited: Exited | None = None
        self._requests = 0

    def launch(
        self,
        args: Sequence[str],
        *,
        streams: Sequence[tuple[ClientStream, socket.socket]] = (),
        spec: dict[str, Any] | None = None,
        **options: Any,
    ) -> Message:
        """Ask the zygote for the container and wait for the shim's answer."""
        self.order(args, streams=streams, spec=spec, **options)
        answer = self.receive()
        if isinstance(answer, Started):
            self.started = answer
        return answer

    def order(
        self,
        args: Sequence[str],
        *,
        streams: Sequence[tuple[ClientStream, socket.socket]] = (),
        spec: dict[str, Any] | None = None,
        heard: bool = True,
        proceed: bool = True,
        **options: Any,
    ) -> None:
        """Ask the zygote for the container; not `heard`: by a daemon that has ended when the shim begins.

        Not `proceed`: by one that has not made yet what the container needs.
        """
        config = self.box.spec(args, **(spec or {}))
        (self.bundle / "config.json").write_text(json.dumps(config))
        ours, theirs = datagram.pair()
        self.control.close()
        self.control = ours
        namespaces = config["linux"].get("namespaces", [])
        new_namespaces, pid_namespace = birthplace(namespaces, joins_network=False)
        message = StartContainer(
            id="c" * 64,
            bundle=str(self.bundle),
            rootfs=[dataclasses.asdict(mount) for mount in self.box.rootfs()],
            new_namespaces=new_namespaces,
            pid_namespace=pid_namespace,
            cgroup=config["linux"].get("cgroupsPath", ""),
            log=options.pop("log", self.log),
            tty=bool((spec or {}).get("terminal")),
            **options,
        )
        for wants, sock in streams:
            channel.send(ours, AttachStream(0, wants), [sock.fileno()])
        if proceed:
            channel.send(ours, Proceed())
        if not heard:
            ours.close()
        self.zygote.start_container(message, [theirs.fileno()])
        theirs.close()
        for _, sock in streams:
            sock.close()

    def start(self, args: Sequence[str], **options: Any) -> Started:
        """`launch`, which has to succeed."""
        answer = self.launch(args, **options)
        assert isinstance(answer, Started), answer
        return answer

    def shell(self, script: str, **options: Any) -> Started:
        """Run a script as the container's first process."""
        return self.start(["sh", "-c", script], **options)

    def receive(self) -> Message:
        """The next message of the shim."""
        self.control.settimeout(PATIENCE)
        message, fds = channel.receive(self.control)
        while message == Done(0):  # the answer to what was asked before the start
            message, fds = channel.receive(self.control)
        assert message is not None, "the shim hung up"
        assert not fds
        if isinstance(message, Exited):
            self.exited = message
        return message

    def receive_one(self, kind: type[T]) -> T:
        """The next message, which has to be of `kind`."""
        message = self.receive()
        assert isinstance(message, kind), message
        return message

    def ask(self, message: Message, fds: Sequence[int] = ()) -> Message:
        """Send a request and take the next message as its answer."""
        channel.send(self.control, message, fds)
        return self.receive()

    def request(self) -> int:
        """A number for the next request."""
        self._requests += 1
        return self._requests

    def attach(self, wants: ClientStream = OUTPUT, exec_id: str = "") -> socket.socket:
        """Attach a client and return its end."""
        ours, theirs = connection()
        answer = self.ask(AttachStream(self.request(), wants, exec_id), [theirs.fileno()])
        theirs.close()
        assert type(answer).__name__ == "Done", answer
        return ours

    def execute(self, identity: str, args: Sequence[str], *wants: ClientStream, **options: Any) -> list[socket.socket]:
        """Start an exec with clients and return their ends."""
        pairs = [connection() for _ in wants]
        process = self.box.spec(args, **options.pop("spec", {}))["process"]
        message = StartExec(identity, cast(dict[str, Any], process), streams=list(wants), **options)
        answer = self.ask(message, [theirs.fileno() for _, theirs in pairs])
        for _, theirs in pairs:
            theirs.close()
        if not isinstance(answer, ExecStarted):
            for ours, _ in pairs:
                ours.close()
            raise AssertionError(answer)
        return [ours for ours, _ in pairs]

    def wait(self) -> Exited:
        """Wait for the container's end."""
        while self.exited is None:
            self.receive()
        return self.exited

    def reconnect(self) -> None:
        """Do as a daemon that was killed and started again."""
        self.control.close()
        self.control = bundle.connect(str(self.bundle))

    def close(self) -> None:
        """End the container, wait for the shim, and leave nothing."""
        if self.started and bundle.shim_pid(str(self.bundle)) and self.exited is None:
            with contextlib.suppress(OSError):
                self.reconnect()
                channel.send(self.control, Signal(self.request(), 9))
                self.wait()
        self.control.close()

    def entries(self) -> list[dict[str, Any]]:
        """The json-file log."""
        return [json.loads(line) for line in Path(self.log.path).read_text().splitlines()]

    def logged(self, stream: str = "stdout") -> str:
        """All that one stream has in the log."""
        return "".join(entry.get("log", "") for entry in self.entries() if entry["stream"] == stream)


@contextlib.contextmanager
def vessel(zygote: Zygote, directory: Path) -> Iterator[Vessel]:
    """A vessel that leaves nothing."""
    made = Vessel(zygote, directory)
    try:
        yield made
    finally:
        made.close()


def connection() -> tuple[socket.socket, socket.socket]:
    """A client's connection as the daemon has it: (the client's end, the daemon's)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(PATIENCE)
    return ours, theirs


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


def unframed(data: bytes) -> dict[int, bytes]:
    """Each stream's payload of stdcopy frames."""
    streams: dict[int, bytes] = {}
    for stream, piece in FrameDecoder().feed(data):
        streams[stream] = streams.get(stream, b"") + bytes(piece)
    return streams


def eventually(condition: Any) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descriptors(pid: int) -> list[str]:
    """What a process has open."""
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed just now
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return sorted(found)
