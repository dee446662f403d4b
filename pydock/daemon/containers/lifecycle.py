"""What users do to containers: start, stop, restart, kill, pause, unpause, resize, wait, remove.

The routes call this, and compose the engine's other services by it.  Requests on one container are serial under its
lock, but for the time that a stop waits: a kill, or another stop, can come in between.
"""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydock.daemon.containers.afterlife import Afterlife
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Status
from pydock.daemon.containers.removal import Remover
from pydock.daemon.containers.restart_policy import ends_for_good
from pydock.daemon.containers.signals import parse, stop_signal
from pydock.daemon.containers.start import Starter
from pydock.daemon.containers.waiters import Condition, Outcome, Waiters
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, NotFound, NotModified, PydockError, System

#: how long a container is given to end by its stop signal, in seconds, where neither request nor container say
STOP_TIMEOUT = 10
#: how long the kernel may take to end what was killed, in seconds
KILL_PATIENCE = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StopOptions:
    """``signal``: "" for the container's own; ``timeout`` in seconds, -1 for ever, None for the container's own."""

    signal: str = ""
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveOptions:
    """``volumes``: its anonymous volumes too; ``force``: also where it runs."""

    volumes: bool = False
    force: bool = False


class Lifecycle:
    """The transitions of containers.  Each runs to its end even where the client that asked goes away."""

    def __init__(
        self,
        catalog: Catalog,
        announcements: Announcements,
        starter: Starter,
        remover: Remover,
        afterlife: Afterlife,
        waiters: Waiters,
    ) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._starter = starter
        self._remover = remover
        self._afterlife = afterlife
        self._waiters = waiters
        #: those whose forced removal waits for their end: nobody may start them again before it comes to that
        self._leaving: list[Entry] = []

    async def start(self, entry: Entry) -> None:
        """Start a container; NotModified where it runs."""
        await _whole(self._start(entry))

    async def stop(self, entry: Entry, options: StopOptions = StopOptions()) -> None:
        """Stop a container: its signal, then SIGKILL; NotModified where it does not run."""
        await _whole(self._stop(entry, options))

    async def restart(self, entry: Entry, name: str, options: StopOptions = StopOptions()) -> None:
        """Stop a container where it runs, and start it; `name` is what the user calls it."""
        await _whole(self._restart(entry, name, options))

    async def kill(self, entry: Entry, number: int) -> None:
        """Send a signal; after SIGKILL wait for the end."""
        await _whole(self._kill(entry, number))

    async def pause(self, entry: Entry) -> None:
        """Freeze all processes of a container."""
        await _whole(self._pause(entry))

    async def unpause(self, entry: Entry) -> None:
        """Let them go on."""
        await _whole(self._unpause(entry))

    async def remove(self, entry: Entry, name: str, options: RemoveOptions) -> None:
        """Remove a container; `name` is what the user calls it."""
        await _whole(self._remove(entry, name, options))

    async def resize(self, entry: Entry, height: int, width: int) -> None:
        """Set the size of a container's terminal."""
        if entry.live is None:
            waits = entry.record.state.status is Status.RESTARTING  # Docker looks for a process that is not there
            raise (NotFound if waits else Conflict)(f"container {entry.id} is not running")
        try:
            await entry.live.resize(height, width)
        except ProcessLookupError:
            raise Conflict(f"container {entry.id} is not running") from None
        except OSError as error:
            raise System(f"cannot resize the terminal of container {entry.id}: {error.strerror}") from error
        self._announcements.publish(entry.record, "resize", height=str(height), width=str(width))

    def wait(self, entry: Entry, condition: Condition) -> "asyncio.Future[Outcome]":
        """The outcome that `condition` asks for; it is being waited for when this returns."""
        state = entry.record.state
        if condition is Condition.REMOVED:
            return self._waiters.for_removal(entry.id)
        future = self._waiters.for_exit(entry.id)
        if condition is Condition.NOT_RUNNING and not state.status.is_running():
            future.set_result(Outcome(state.exit_code, state.error))
        return future

    # starting and stopping

    async def _start(self, entry: Entry) -> None:
        async with entry.lock:
            status = entry.record.state.status
            if status is Status.PAUSED:
                raise Conflict("cannot start a paused container, try unpause instead")
            if status.is_running():  # one that waits for its restart too, as in Docker
                raise NotModified(f"container {entry.id} is already running")
            if not status.can_start() or entry in self._leaving:
                raise Conflict("container is marked for removal and cannot be started")
            self._afterlife.cancel(entry)
            await self._bring_up(entry)

    async def _bring_up(self, entry: Entry) -> None:
        try:
            await self._starter.start(entry)
        except PydockError:
            if entry.record.host_config.get("AutoRemove"):
                with suppress(PydockError):  # why it did not start matters more
                    await self._remover.remove(entry)
            raise

    async def _stop(self, entry: Entry, options: StopOptions) -> None:
        async with entry.lock:
            record = entry.record
            if record.state.status is Status.RESTARTING:
                if options.signal:
                    parse(options.signal)
                await self._give_up(entry)
                self._announcements.publish(entry.record, "stop")
                return
            if entry.live is None or not record.state.status.has_process():
                raise NotModified(f"container {entry.id} is already stopped")
            timeout = record.config.get("StopTimeout") if options.timeout is None else options.timeout
            timeout = STOP_TIMEOUT if timeout is None else timeout
            number = parse(options.signal) if options.signal else stop_signal(record.config.get("StopSignal") or "")
            end = self._waiters.for_exit(entry.id)
            self._stopped_by_user(entry)
            await self._signal(entry, number)
        if not await _within(end, timeout):
            await self._force(entry, end)
        self._announcements.publish(entry.record, "stop")

    async def _give_up(self, entry: Entry) -> None:
        """It waits for its restart: it has no process now, and shall have none."""
        self._afterlife.cancel(entry)
        state = replace(entry.record.state, status=Status.EXITED, stopped_by_user=True)
        await self._catalog.save(entry, replace(entry.record, state=state))
        self._waiters.tell_exit(entry.id, Outcome(state.exit_code))
        if entry.record.host_config.get("AutoRemove"):
            await self._remover.remove(entry)

    async def _force(self, entry: Entry, end: "asyncio.Future[Outcome]") -> None:
        """SIGKILL, and wait."""
        async with entry.lock:
            if not end.done():
                await self._signal(entry, signal.SIGKILL)
        if not await _within(end, KILL_PATIENCE):
            raise System("tried to kill container, but did not receive an exit event")

    async def _restart(self, entry: Entry, name: str, options: StopOptions) -> None:
        introduction = f"Cannot restart container {name}: "
        if options.signal and entry.record.state.status.is_running():
            try:
                parse(options.signal)
            except InvalidParameter as error:
                raise InvalidParameter(introduction + error.message) from None
        try:
            await self._stop_and_start(entry, options)
        except PydockError as error:  # the engine's own, as in Docker, whatever it is
            raise System(introduction + error.message) from error
        self._announcements.publish(entry.record, "restart")

    async def _stop_and_start(self, entry: Entry, options: StopOptions) -> None:
        self._afterlife.hold(entry)
        try:
            with suppress(NotModified):
                await self._stop(entry, options)
        finally:
            self._afterlife.release(entry)
        with suppress(NotModified):
            await self._start(entry)

    # signals

    async def _kill(self, entry: Entry, number: int) -> None:
        async with entry.lock:
            record = entry.record
            final = ends_for_good(number, record.config.get("StopSignal") or "")
            if record.state.status is Status.RESTARTING:
                if final:
                    await self._give_up(entry)
                return
            if entry.live is None or not record.state.status.has_process():
                raise Conflict(f"container {entry.id} is not running")
            end = self._waiters.for_exit(entry.id)
            self._stopped_by_user(entry, last_life=final)
            await self._signal(entry, number, final)
        if number != signal.SIGKILL:
            end.cancel()
        elif not await _within(end, KILL_PATIENCE):
            raise System("tried to kill container, but did not receive an exit event")

    async def _signal(self, entry: Entry, number: int, final: bool = True) -> None:
        """Send it; a container that shall end by it, `final`, must not be paused."""
        assert entry.live is not None
        try:
            await entry.live.signal(number)
        except ProcessLookupError:
            return  # it ended just now
        except OSError as error:
            raise System(f"cannot kill container: {entry.id}: {error.strerror}") from error
        self._announcements.publish(entry.record, "kill", signal=str(int(number)))
        if final and entry.record.state.status is Status.PAUSED:
            await self._thaw(entry)

    def _stopped_by_user(self, entry: Entry, last_life: bool = True) -> None:
        """Before the signal is sent; what an earlier signal has said is not taken back."""
        last_life = last_life or entry.record.state.last_life
        state = replace(entry.record.state, stopped_by_user=True, last_life=last_life)
        self._catalog.note(entry, replace(entry.record, state=state))

    # pausing

    async def _pause(self, entry: Entry) -> None:
        async with entry.lock:
            status = entry.record.state.status
            if status is Status.PAUSED:
                raise Conflict(f"Container {entry.id} is already paused")
            if status is Status.RESTARTING:
                raise Conflict(f"Container {entry.id} is restarting, wait until the container is running")
            if status is not Status.RUNNING or entry.live is None or entry.live.cgroup is None or entry.live.killed:
                raise Conflict(f"container {entry.id} is not running")
            try:
                await offload(entry.live.cgroup.freeze)
            except FileNotFoundError:  # it ended just now
                raise Conflict(f"container {entry.id} is not running") from None
            except OSError as error:
                raise System(f"cannot pause container {entry.id}: {error.strerror}") from error
            paused = replace(entry.record, state=replace(entry.record.state, status=Status.PAUSED))
            try:
                await self._catalog.save(entry, paused)  # the next daemon thaws what is frozen without a record
            except PydockError:
                await offload(entry.live.cgroup.thaw)
                raise
            self._announcements.publish(entry.record, "pause")

    async def _unpause(self, entry: Entry) -> None:
        async with entry.lock:
            if entry.record.state.status is not Status.PAUSED:
                raise System(f"Container {entry.id} is not paused")  # an error of the engine's own, in Docker
            await self._thaw(entry)

    async def _thaw(self, entry: Entry) -> None:
        """Let its processes go on; fine where it ended just now."""
        assert entry.live is not None
        assert entry.live.cgroup is not None
        try:
            await offload(entry.live.cgroup.thaw)
        except FileNotFoundError:
            return
        except OSError as error:
            raise System(f"cannot unpause container {entry.id}: {error.strerror}") from error
        awake = replace(entry.record.state, status=Status.RUNNING)
        self._catalog.note(entry, replace(entry.record, state=awake))
        self._announcements.publish(entry.record, "unpause")

    # removing

    async def _remove(self, entry: Entry, name: str, options: RemoveOptions) -> None:
        with ExitStack() as after:
            async with entry.lock:
                _refuse_removal(entry, name, options)
                if not entry.record.state.status.has_process():
                    await self._remove_now(entry, options)
                    return
                self._afterlife.hold(entry)
                after.callback(self._afterlife.release, entry)
                self._leaving.append(entry)
                after.callback(self._leaving.remove, entry)
                end = self._waiters.for_exit(entry.id)
                self._stopped_by_user(entry)
                await self._signal(entry, signal.SIGKILL)
            if not await _within(end, KILL_PATIENCE):
                raise System(f'cannot remove container "{name}": could not kill container: it does not end')
            async with entry.lock:
                await self._remove_now(entry, options)

    async def _remove_now(self, entry: Entry, options: RemoveOptions) -> None:
        self._afterlife.cancel(entry)
        await self._remover.remove(entry, options.volumes)


def _refuse_removal(entry: Entry, name: str, options: RemoveOptions) -> None:
    """Conflict where the container goes already, or runs and the removal is not forced."""
    status = entry.record.state.status
    if status is Status.REMOVING:
        raise Conflict(f"removal of container {name} is already in progress")
    if not status.is_running() or options.force:
        return
    reason = "is running: stop the container before removing or force remove"
    if status is Status.PAUSED:
        reason = "is paused and must be unpaused first"
    elif status is Status.RESTARTING:
        reason = "is restarting: stop the container before removing or force remove"
    raise Conflict(f'cannot remove container "{name}": container {reason}')


async def _within(end: "asyncio.Future[Outcome]", seconds: float) -> bool:
    """Wait for `end`, for ever where `seconds` is negative; whether it came."""
    await asyncio.wait([end], timeout=None if seconds < 0 else seconds)
    return end.done()


#: operations whose client may be gone
_under_way: set["asyncio.Task[Any]"] = set()


async def _whole(operation: Coroutine[Any, Any, T]) -> T:
    """Carry an operation out whole, even where who waits for it is cancelled."""
    task = asyncio.get_running_loop().create_task(operation)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)
