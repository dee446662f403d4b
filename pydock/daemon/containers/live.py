"""One life of a container as the daemon sees it: the control socket of its shim, requests and answers, its end.

Made by the launcher and by recovery, kept in the catalog's entry.  Everything here runs on the event loop.
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from signal import SIGKILL
from typing import Protocol, TypeVar

from pydock.errors import StepFailed, System, Unavailable
from pydock.linux import datagram
from pydock.runtime import bundle as bundles
from pydock.runtime import channel
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.messages import (
    AbandonExec,
    AttachStream,
    ClientStream,
    Detached,
    Done,
    ExecExited,
    ExecFailed,
    ExecStarted,
    Exited,
    Failed,
    HoldPorts,
    Message,
    Query,
    Resize,
    Signal,
    Started,
    StartExec,
    StartFailed,
    State,
)

#: how long a shim may take to answer a request that it never waits with, in seconds
PATIENCE = 20.0
#: how many messages are taken before others get their turn
_BURST = 64

T = TypeVar("T")


class Listener(Protocol):
    """Who hears what nobody asked for."""

    def detached(self, exec_id: str) -> None:
        """A client left by its detach keys, from the container ("") or an exec."""

    def exec_exited(self, exec_id: str, exit_code: int) -> None:
        """An exec ended."""

    def exited(self, exited: Exited | None) -> None:
        """The container ended; None: its shim was killed, and how it ended (or whether it has) is not known."""


class LiveContainer:
    """A container that has a shim.  ``pid`` is its init's, 0 until `started`; ``cgroup`` its group, None for none."""

    def __init__(self, sock: socket.socket, bundle: str, cgroup: str) -> None:
        self.bundle = bundle
        self.cgroup = Cgroup.at(cgroup) if cgroup else None
        self.pid = 0
        self.shim_pid = 0
        self.started_at = 0
        #: whether it was sent SIGKILL: frozen before it heeds that, it would not end (the freezer of cgroup v1)
        self.killed = False
        #: what `Listener.exited` is told
        self.ended: asyncio.Future[Exited | None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._listener: Listener | None = None
        self._untold: list[Callable[[Listener], None]] = []
        self._start: asyncio.Future[Message] = self._loop.create_future()
        self._requests: dict[int, asyncio.Future[Message]] = {}
        self._births: dict[str, asyncio.Future[Message]] = {}
        self._last = 0
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._readable)

    def listen(self, listener: Listener) -> None:
        """Tell `listener` what happens, first what has happened already."""
        self._listener = listener
        for tell in self._untold:
            tell(listener)
        self._untold.clear()

    async def started(self) -> Started:
        """Wait until the container's program runs; StepFailed where it does not come to that."""
        message = await self._start
        if isinstance(message, Started):
            self.pid, self.shim_pid, self.started_at = message.init_pid, message.shim_pid, message.started_at
            return message
        assert isinstance(message, StartFailed)
        raise StepFailed(message.step, message.errno, message.path, message.detail)

    async def query(self) -> State:
        """Ask a shim that was found again what it has."""
        state = await self._ask(lambda number: Query(number))
        if not isinstance(state, State):
            raise System("the container's shim gave no answer")
        self.pid, self.shim_pid, self.started_at = state.init_pid, state.shim_pid, state.started_at
        return state

    async def signal(self, number: int) -> None:
        """Send a signal to the container's init; ProcessLookupError where it has ended."""
        _check(await self._ask(lambda request: Signal(request, number)))
        self.killed = self.killed or number == SIGKILL

    async def resize(self, height: int, width: int, exec_id: str = "") -> None:
        """Set the size of the terminal of the container or of an exec; OSError where there is none."""
        _check(await self._ask(lambda request: Resize(request, height, width, exec_id)))

    async def hold_ports(self, descriptors: Sequence[int], relay: str) -> None:
        """Give the shim reserved ports, which are closed here; ProcessLookupError where the container has ended."""
        _check(await self._ask(lambda request: HoldPorts(request, relay), descriptors))

    async def attach(self, descriptor: int, stream: ClientStream, exec_id: str = "") -> None:
        """Give the shim a client's connection, which is closed here; ProcessLookupError where it has ended."""
        _check(await self._ask(lambda request: AttachStream(request, stream, exec_id), [descriptor]))

    async def start_exec(self, message: StartExec, descriptors: Sequence[int]) -> int:
        """Start one more process with its clients' connections, which are closed here; its pid.

        StepFailed where it does not start, ProcessLookupError where the container has ended.
        """
        birth: asyncio.Future[Message] = self._loop.create_future()
        self._births[message.exec_id] = birth
        try:
            self._send(message, list(descriptors))
            answer = await birth
        finally:
            self._births.pop(message.exec_id, None)
        if isinstance(answer, ExecStarted):
            return answer.pid
        assert isinstance(answer, ExecFailed)
        raise StepFailed(answer.step, answer.errno, answer.path, answer.detail)

    def abandon_exec(self, exec_id: str) -> None:
        """Have one that does not run yet killed; `start_exec` hears of it, where somebody still waits there."""
        with contextlib.suppress(ProcessLookupError):
            self._send(AbandonExec(exec_id), [])

    def hang_up(self) -> None:
        """The daemon ends: the container goes on, and nobody hears of its end here."""
        self.ended.cancel()
        self.close()

    def close(self) -> None:
        """Let go of the socket; whoever waits for an answer is told that there will be none."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock.close()
        for _, descriptors in self._outgoing:
            _close(descriptors)
        self._outgoing.clear()
        gone = ProcessLookupError("the container has ended")
        for waiting in (*self._requests.values(), *self._births.values()):
            _fail(waiting, gone)
        _fail(self._start, System("the container's shim died"))

    # requests

    async def _ask(self, make: Callable[[int], Message], descriptors: Sequence[int] = ()) -> Message:
        self._last = number = self._last + 1
        answer: asyncio.Future[Message] = self._loop.create_future()
        self._requests[number] = answer
        try:
            self._send(make(number), list(descriptors))
            async with asyncio.timeout(PATIENCE):
                return await answer
        except TimeoutError as error:
            raise Unavailable("the container's shim does not answer") from error
        finally:
            self._requests.pop(number, None)

    def _send(self, message: Message, descriptors: list[int]) -> None:
        if self._sock.fileno() < 0:
            _close(descriptors)
            raise ProcessLookupError("the container has ended")
        self._outgoing.append((channel.encode(message), descriptors))
        if len(self._outgoing) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._outgoing:
            text, descriptors = self._outgoing[0]
            try:
                datagram.send(self._sock, text, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._sock.fileno(), self._flush)
                return
            except OSError:
                # the shim is gone: reading the socket's end tells everybody
                pass
            self._outgoing.popleft()
            _close(descriptors)
        self._loop.remove_writer(self._sock.fileno())

    # what comes

    def _readable(self) -> None:
        for _ in range(_BURST):
            if self._sock.fileno() < 0:
                return
            try:
                text, descriptors = datagram.receive(self._sock)
            except BlockingIOError:
                return
            except OSError:
                text, descriptors = b"", []
            _close(descriptors)
            if not text:
                self._hung_up()
                return
            with contextlib.suppress(ValueError):  # words of another version of the engine
                self._take(channel.decode(text))

    def _take(self, message: Message) -> None:
        match message:
            case Started() | StartFailed():
                _answer(self._start, message)
            case Done() | Failed() | State():
                _answer(self._requests.get(message.request), message)
            case ExecStarted() | ExecFailed():
                _answer(self._births.get(message.exec_id), message)
            case ExecExited():
                code, identity = message.exit_code, message.exec_id
                self._tell(lambda listener: listener.exec_exited(identity, code))
            case Detached():
                identity = message.exec_id
                self._tell(lambda listener: listener.detached(identity))
            case Exited():
                self._end(message)

    def _tell(self, tell: Callable[[Listener], None]) -> None:
        if self._listener is None:
            self._untold.append(tell)
        else:
            tell(self._listener)

    def _hung_up(self) -> None:
        started = self._start.done() and isinstance(self._start.result(), Started)
        self._end(bundles.read_exit(self.bundle) if started or self.pid else None)

    def _end(self, exited: Exited | None) -> None:
        if self.ended.done():
            return
        self.close()
        self.ended.set_result(exited)
        self._tell(lambda listener: listener.exited(exited))


def _check(answer: Message) -> None:
    if isinstance(answer, Failed):
        raise OSError(answer.errno, answer.detail or os.strerror(answer.errno))


def _answer(future: "asyncio.Future[Message] | None", message: Message) -> None:
    if future is not None and not future.done():
        future.set_result(message)


def _fail(future: "asyncio.Future[Message]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # nobody need be waiting


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
