"""docker exec: one more process in a running container, with its clients' connections given to the shim.

The routes call create, start, inspect and resize; the health service calls `probe`.
"""

import asyncio
import base64
import errno
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pydock.daemon.containers import detach_sequence, execs, failures, links
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.attachments import ClientConnection, answering, hand_over
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.execs import Exec, Execs
from pydock.daemon.containers.launcher import GivenClient
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.containers.spec_builder import ExecOptions, SpecBuilder
from pydock.daemon.containers.validation import check_environment
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, NotFound, PydockError, StepFailed, System
from pydock.go_text import harmless
from pydock.runtime import cgroups, user_lookup
from pydock.runtime.messages import ClientStream, StartExec
from pydock.streams import STDOUT, frame_header

#: how an exec fails in a container whose first process is dying; 0: it was killed itself
_OF_THE_DYING = {0, errno.ESRCH, errno.ENOMEM}
#: how long a container takes to die, in seconds
_DYING = 1.0
#: for how long the size of an exec that is about to start waits for it, in seconds
_STARTING = 10.0


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """The body of ``POST /containers/{id}/exec``."""

    options: ExecOptions
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    detach_keys: str = ""


@dataclass(frozen=True, slots=True)
class StartOptions:
    """The body of ``POST /exec/{id}/start``; ``tty``: no frames, whether or not the exec has a terminal."""

    detach: bool = False
    tty: bool = False
    console_size: tuple[int, int] = (0, 0)


class ExecService:
    """Runs execs."""

    def __init__(self, catalog: Catalog, announcements: Announcements, specs: SpecBuilder, table: Execs) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._specs = specs
        self._table = table
        self._priming: asyncio.Future[None] | None = None

    async def create(self, entry: Entry, name: str, request: ExecRequest) -> str:
        """Enter an exec and return its ID; `name` is what the user calls the container."""
        live = _running(entry, name)
        check_environment(request.options.env)
        options = request.options
        if options.user:
            await offload(_check_user, live.pid, options.user)
        one = Exec(
            id=secrets.token_hex(32),
            container=entry.id,
            options=replace(options, user=options.user or entry.record.config["User"]),
            open_stdin=request.stdin,
            open_stdout=request.stdout,
            open_stderr=request.stderr,
            detach_keys=detach_sequence.parse(request.detach_keys, "escape") if request.detach_keys else "",
        )
        self._table.add(one)
        if self._priming is None or self._priming.done():
            self._priming = offload(cgroups.prime)
        self._publish(entry, one, f"exec_create: {_command(one)}")
        return one.id

    async def start(
        self, identity: str, options: StartOptions, take: Callable[[], Awaitable[ClientConnection]]
    ) -> None:
        """Run an exec; its client's connection is `take`n over unless it is detached.

        Where it fails with a connection taken over, the client is told on it, as Docker does.
        """
        one = self._table.find(identity)
        entry = self._entry(one)
        live = _running(entry, entry.id)
        if one.exit_code is not None:
            raise Conflict(f"exec command {identity} has already run")
        if one.running:
            raise Conflict(f"exec command {identity} is already running")
        one.running = True
        if any(options.console_size):
            one.options = replace(one.options, console_size=options.console_size)
        if options.detach:
            await self._run(entry, live, one, [])
            return
        try:
            connection = await take()
            connection.greet()  # why it cannot run is told by us
            client = hand_over(connection, replace(_stream(one), raw=options.tty))
            answer = answering(client)
        except BaseException:
            one.running = False
            raise
        try:
            await self._run(entry, live, one, [client])
        except PydockError as error:
            text = f"{harmless(error.message)}\r\n".encode("utf-8", "replace")
            _tell(answer, text if client.stream.raw else frame_header(STDOUT, len(text)) + text)
        finally:
            os.close(answer)

    async def inspect(self, identity: str) -> dict[str, Any]:
        """``GET /exec/{id}/json``."""
        one = self._table.find(identity)
        if one.running and one.pid:
            # its connection may have ended a moment before we hear of its exit code
            with suppress(PydockError, OSError):
                if live := self._entry(one).live:
                    await live.query()
        args = list(one.options.args)
        process: dict[str, Any] = {
            "tty": one.options.tty,
            "entrypoint": args[0],
            "arguments": args[1:],
            "privileged": one.options.privileged,
        }
        if one.options.user:
            process["user"] = one.options.user
        return {
            "ID": one.id,
            "Running": one.running,
            "ExitCode": one.exit_code,
            "ProcessConfig": process,
            "OpenStdin": one.open_stdin,
            "OpenStderr": one.open_stderr,
            "OpenStdout": one.open_stdout,
            "CanRemove": False,
            "ContainerID": one.container,
            "DetachKeys": base64.b64encode(one.detach_keys.encode("latin-1")).decode(),
            "Pid": one.pid,
        }

    async def resize(self, identity: str, height: int, width: int) -> None:
        """Set the size of an exec's terminal; one that comes before the exec's start waits for it, as Docker's does."""
        one = self._table.find(identity)
        entry = self._entry(one)
        live = _running(entry, entry.id)
        if not one.pid and one.exit_code is None:
            await _settle(one)
        if not one.running and one.pid:
            raise NotFound(f"NotFound: process does not exist {identity}: not found")
        if not one.running:
            raise InvalidParameter("exec process is not started")
        try:
            await live.resize(height, width, identity)
        except OSError as error:
            raise System(f"cannot resize the terminal of exec {identity}: {error.strerror}") from error

    async def probe(
        self, entry: Entry, options: ExecOptions, output: bytearray, limit: int, started: Callable[[], None]
    ) -> int:
        """Run a command to its end, with the first `limit` bytes of what it says added to `output`; its exit code.

        `started` is called once it runs.
        Cancelled, it leaves the process running: kill it by its pid.
        """
        identity = await self.create(entry, entry.record.name, ExecRequest(options, stdout=True, stderr=True))
        one = self._table.find(identity)
        live = _running(entry, entry.record.name)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        one.running = True
        try:
            await self._run(entry, live, one, [GivenClient(theirs.detach(), replace(_stream(one), raw=True))])
            started()
            loop = asyncio.get_running_loop()
            while data := await loop.sock_recv(ours, 1 << 16):
                output += data[: limit - len(output)]
            await self.inspect(identity)
        finally:
            ours.close()
            if one.exit_code is not None:
                self._table.drop(one)
        return one.exit_code if one.exit_code is not None else -1

    # what the shim tells

    def exited(self, entry: Entry, bundle: str, identity: str, exit_code: int) -> None:
        """An exec ended."""
        with suppress(PydockError):
            one = self._table.find(identity)
            if one.exit_code is None:
                self._table.ended(one, exit_code)
                execs.drop(identity, bundle)
                self._publish(entry, one, "exec_die", exitCode=str(exit_code))

    def detached(self, entry: Entry, identity: str) -> None:
        """A client left an exec by its detach keys."""
        with suppress(PydockError):
            self._publish(entry, self._table.find(identity), "exec_detach")

    def container_ended(self, entry: Entry) -> None:
        """So did its execs, whatever the shim could tell of them; those that were never started are forgotten."""
        for one in self._table.of(entry.id):
            if one.running:
                self._table.ended(one, 137)
                self._publish(entry, one, "exec_die", exitCode="137")
            elif one.exit_code is None:
                self._table.drop(one)

    def adopt(self, live: LiveContainer, running: list[str]) -> None:
        """Execs that outlived the daemon; of those that ended meanwhile the shim is about to tell."""
        for one in execs.load_all(live.bundle):
            one.running = one.id in running
            self._table.add(one)

    def _prepare(self, record: Container, options: ExecOptions, linked: Sequence[str]) -> tuple[dict[str, Any], str]:
        """The OCI process and the path of its filter.  Blocks."""
        return dict(self._specs.exec_process(record, options, linked)), self._specs.seccomp_filter(record)

    async def _run(self, entry: Entry, live: LiveContainer, one: Exec, clients: list[GivenClient]) -> None:
        descriptors = [client.descriptor for client in clients]
        try:
            linked = links.environment(entry.record, self._catalog)
            process, path = await offload(self._prepare, entry.record, one.options, linked)
            message = StartExec(
                exec_id=one.id,
                process=process,
                seccomp_filter=path,
                privileged=one.options.privileged,
                open_stdin=one.open_stdin,
                streams=[client.stream for client in clients],
            )
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            one.running = False
            one.settled.set()
            raise
        self._publish(entry, one, f"exec_start: {_command(one)}")
        try:
            one.pid = await live.start_exec(message, descriptors)
        except StepFailed as failed:
            if failed.errno in _OF_THE_DYING and await _is_ending(live):
                self._table.ended(one, 137)
                raise Conflict(f"container {entry.id} is not running") from None
            told, code = failures.of_exec(failed)
            self._table.ended(one, code)
            raise told from failed
        except ProcessLookupError:
            self._table.ended(one, 137)
            raise Conflict(f"container {entry.id} is not running") from None
        finally:
            one.settled.set()
        if one.running:
            execs.keep(one, live.bundle)

    def _entry(self, one: Exec) -> Entry:
        return self._catalog.find(one.container)

    def _publish(self, entry: Entry, one: Exec, action: str, **attributes: str) -> None:
        self._announcements.publish(entry.record, action, execID=one.id, **attributes)


async def _settle(one: Exec) -> None:
    try:
        async with asyncio.timeout(_STARTING):
            await one.settled.wait()
    except TimeoutError:
        raise System("timeout waiting for exec session ready") from None


def _running(entry: Entry, name: str) -> LiveContainer:
    """The container's handle, if it can take an exec."""
    status = entry.record.state.status
    if status is Status.PAUSED:
        raise Conflict(f"Container {name} is paused, unpause the container before exec")
    if status is Status.RESTARTING:
        raise Conflict(f"Container {entry.id} is restarting, wait until the container is running")
    if entry.live is None or status is not Status.RUNNING:
        raise Conflict(f"container {entry.id} is not running")
    return entry.live


async def _is_ending(live: LiveContainer) -> bool:
    """Whether the container ends, perhaps by a signal that its first process has not died of yet."""
    await asyncio.wait([live.ended], timeout=_DYING)
    return live.ended.done()


def _check_user(pid: int, user: str) -> None:
    """InvalidParameter where the container of process `pid` does not know `user`.  Blocks."""
    try:
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # it ended just now: the start of the exec says so
    try:
        user_lookup.look_up(root, user)
    finally:
        os.close(root)


def _command(one: Exec) -> str:
    """The command as Docker writes it in events."""
    return f"{one.options.args[0]} {' '.join(one.options.args[1:])}"


def _stream(one: Exec) -> ClientStream:
    return ClientStream(
        stdin=one.open_stdin,
        stdout=one.open_stdout,
        stderr=one.open_stderr,
        raw=one.options.tty,
        detach_keys=(one.detach_keys or detach_sequence.DEFAULT) if one.options.tty else "",
    )


def _tell(descriptor: int, data: bytes) -> None:
    """Say the last words on a client's connection, and end it."""
    sock = socket.socket(fileno=os.dup(descriptor))
    with suppress(OSError):
        sock.setblocking(False)
        sock.send(data)
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
