"""At the daemon's start: find the shims again, take the ends that nobody heard of, start what shall run.

Shims are asked in parallel, each with a time limit.  A container whose shim does not answer is left as it is: it may
be alive, and nothing of it is deleted.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydock import durable
from pydock.daemon.containers import health, links
from pydock.daemon.containers.afterlife import After, Afterlife
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.exec import ExecService
from pydock.daemon.containers.exits import Exits
from pydock.daemon.containers.launcher import Launcher
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.provisions import Provisions
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.containers.restart_policy import Policy
from pydock.daemon.containers.start import Starter, Watch
from pydock.daemon.offload import offload
from pydock.errors import PydockError
from pydock.runtime import bundle as bundles
from pydock.runtime.messages import Exited

#: how long a shim may take to answer, in seconds
PATIENCE = 10.0
#: how long clients wait for the containers that start with the daemon, in seconds
_STARTS = 10.0
#: how many containers are started at once
_AT_ONCE = 8
#: the exit code of a container whose shim was killed; of one that was lost with the machine, as Docker records it
_KILLED, _LOST = 137, 255
_log = logging.getLogger(__name__)


class Recovery:
    """Brings the catalog in line with what runs."""

    def __init__(
        self,
        catalog: Catalog,
        launcher: Launcher,
        provisions: Provisions,
        exits: Exits,
        execs: ExecService,
        watch: Watch,
    ) -> None:
        self._catalog = catalog
        self._launcher = launcher
        self._provisions = provisions
        self._exits = exits
        self._execs = execs
        self._watch = watch
        self._late: set[asyncio.Task[None]] = set()

    async def recover(self) -> None:
        """Look at every container; returns when all that answer are found again."""
        entries = self._catalog.all()
        present = {path.name for path in await offload(self._launcher.bundles)}
        due = [entry for entry in entries if entry.id in present or not _is_at_rest(entry.record)]
        await asyncio.gather(*map(self._look_at, due))
        await self._provisions.settle([entry.id for entry in entries if entry.record.state.status.has_process()])
        await offload(self._clear_orphans, {*self._catalog.unreadable, *(entry.id for entry in entries)})

    async def _look_at(self, entry: Entry) -> None:
        try:
            await self._find(entry)
        except Exception:  # one container's trouble is not the others'
            _log.exception("container %s: cannot be recovered", entry.id)

    async def _find(self, entry: Entry) -> None:
        bundle = str(self._launcher.bundle(entry.id))
        async with entry.lock:
            pid = await offload(_shim_of, bundle)
            if pid and await self._connect(entry):
                return
            if pid and await offload(bundles.shim_pid, bundle) == pid:
                _log.error("container %s: its shim (process %d) does not answer", entry.id, pid)
                self._presume_running(entry)
                task = asyncio.create_task(self._ask_again(entry))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                return
            await self._take_exit(entry, bundle)

    async def _connect(self, entry: Entry) -> bool:
        """Take over a container from its shim; False where that gave no answer in time, or ended meanwhile."""
        deadline = time.monotonic() + PATIENCE
        bundle = str(self._launcher.bundle(entry.id))
        while True:
            try:
                live = await self._launcher.connect(entry.record)
                break
            except OSError:
                # it is just being born, or has just ended
                if time.monotonic() > deadline or not await offload(bundles.shim_pid, bundle):
                    return False
                await asyncio.sleep(0.02)
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 1)):
                state = await live.query()
        except (TimeoutError, PydockError, OSError):
            live.close()
            return False
        await self._adopt(entry, live, state.execs)
        return True

    async def _adopt(self, entry: Entry, live: LiveContainer, execs: list[str]) -> None:
        entry.live = live
        record = entry.record
        try:
            record = await self._provisions.adopt(record, live.pid)
            reserved = self._provisions.take_reserved(record.id)
            if reserved.descriptors:
                await live.hold_ports(reserved.descriptors, reserved.relay)
        except Exception:  # it runs all the same
            _log.exception("container %s: its network cannot be taken over whole", entry.id)
        status = await offload(_settle_pause, record, live)
        state = replace(record.state, status=status, pid=live.pid, started_at=live.started_at, error="")
        adopted = replace(record, state=state)
        if adopted != entry.record:
            self._catalog.note(entry, adopted)
        self._execs.adopt(live, execs)
        self._watch(entry, live)

    def _presume_running(self, entry: Entry) -> None:
        """A shim lives, so its container does; its start may not have been recorded any more."""
        state = entry.record.state
        if not state.status.has_process():
            running = replace(state, status=Status.RUNNING, started_at=time.time_ns(), error="")
            self._catalog.note(entry, replace(entry.record, state=running))

    async def _ask_again(self, entry: Entry) -> None:
        """For as long as a shim lives and is silent."""
        bundle = str(self._launcher.bundle(entry.id))
        while True:
            await asyncio.sleep(PATIENCE)
            async with entry.lock:
                if not await offload(bundles.shim_pid, bundle):
                    await self._take_exit(entry, bundle)
                    return
                if await self._connect(entry):
                    return

    async def _take_exit(self, entry: Entry, bundle: str) -> None:
        """There is no shim: was there an end that nobody recorded?"""
        state = entry.record.state
        exited = await offload(bundles.read_exit, bundle)
        if heard := exited is not None and exited.finished_at == state.finished_at:
            exited = None  # the end of an earlier life; a later time would not tell, as clocks are set back
        if exited is None and _is_at_rest(entry.record):
            return
        # asked before `bury` takes the bundle's files away
        began = 0 if state.status.has_process() else await offload(bundles.shim_began, bundle)
        if exited is None:
            # what a shim of this life had found of an earlier one, it had removed
            shim_was_here = await offload(self._launcher.bury, entry.record) and not heard
            if not shim_was_here and not state.status.has_process():
                await self._undo_start(entry)
                return
            code = _KILLED if shim_was_here else _LOST
            exited = Exited(code, False, time.time_ns())
        if not state.status.has_process():
            # its start was not recorded any more: it is when its shim began
            started = replace(state, started_at=began or state.started_at or exited.finished_at)
            self._catalog.note(entry, replace(entry.record, state=started))
        entry.health = await offload(health.kept, bundle, state.started_at) or entry.health
        await self._exits.record(entry, exited)

    async def _undo_start(self, entry: Entry) -> None:
        """The daemon died in the midst of a start that had not come to a process: it is as before."""
        record = entry.record
        await self._provisions.drop(record)
        endpoints = {name: endpoint.without_state() for name, endpoint in record.endpoints.items()}
        self._catalog.note(entry, replace(record, sandbox=None, endpoints=endpoints))

    def _clear_orphans(self, known: set[str]) -> None:
        """Bundles and files of containers that were being made or removed; one whose shim lives is left alone."""
        for directory in self._launcher.bundles():
            if directory.name not in known:
                if bundles.shim_pid(str(directory)):
                    _log.error("%s: a container runs that the engine has no record of", directory)
                else:
                    _delete(directory)
        for directory in self._catalog.directory("").iterdir():
            if directory.name not in known and not self._launcher.bundle(directory.name).exists():
                _delete(directory)


class Autostart:
    """Starts, when the daemon does, the containers whose restart policy says so; removes those nobody will start."""

    def __init__(self, catalog: Catalog, starter: Starter, afterlife: Afterlife) -> None:
        self._catalog = catalog
        self._starter = starter
        self._afterlife = afterlife
        #: by the containers' IDs
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def sweep(self) -> None:
        """As in Docker, remove those that do not run and were to remove themselves, though they never ran."""
        await asyncio.gather(*(self._remove(entry) for entry in self._catalog.all() if _is_spent(entry)))

    def begin(self) -> None:
        """Start them, those that others lean on first."""
        for entry in filter(self._is_due, self._catalog.all()):
            self._tasks[entry.id] = asyncio.create_task(self._start(entry))

    async def wait(self) -> None:
        """As in Docker, clients are served when they run; what takes longer than others' patience goes on beside."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_STARTS)
        self._tasks = {id: task for id, task in self._tasks.items() if not task.done()}

    def close(self) -> None:
        """The daemon ends."""
        for task in self._tasks.values():
            task.cancel()

    def _is_due(self, entry: Entry) -> bool:
        state = entry.record.state
        if state.status is Status.RESTARTING:
            return True
        policy = Policy.of(entry.record)
        return state.status is Status.EXITED and policy.at_daemon_start(state)

    def _others(self, entry: Entry) -> Iterator[str]:
        for reference in _references(entry):
            with contextlib.suppress(PydockError):
                if (other := self._catalog.find(reference)) is not entry:
                    yield other.id

    async def _remove(self, entry: Entry) -> None:
        async with self._turns, entry.lock:
            await self._afterlife.follow(entry, After.REMOVE, 0)

    async def _start(self, entry: Entry) -> None:
        if first := [self._tasks[id] for id in {*self._others(entry)} if id in self._tasks]:
            await asyncio.wait(first, timeout=_STARTS)
        async with self._turns, entry.lock:
            if not self._is_due(entry):
                return
            self._afterlife.cancel(entry)
            try:
                await self._starter.start(entry, entry.record.state.restart_count)
            except PydockError as error:
                _log.error("container %s: cannot be started: %s", entry.id, error.message)


def _delete(leftover: Path) -> None:
    """Take away what nobody has a record of; where that cannot be, the next start tries again."""
    try:
        durable.discard(leftover)
    except OSError as error:
        _log.error("%s: left over, and cannot be deleted: %s", leftover, (error.strerror or "").lower())


def _shim_of(bundle: str) -> int:
    """The container's shim, 0 for none: then none will come of a request that the dead daemon had made.  Blocks."""
    if pid := bundles.shim_pid(bundle):
        return pid
    bundles.withdraw(bundle)
    return bundles.shim_pid(bundle)


def _is_at_rest(record: Container) -> bool:
    """Whether, by its record, the container neither ran nor was being started."""
    return not record.state.status.has_process() and record.sandbox is None


def _is_spent(entry: Entry) -> bool:
    at_rest = entry.record.state.status in (Status.CREATED, Status.EXITED)
    return at_rest and bool(entry.record.host_config.get("AutoRemove"))


def _settle_pause(record: Container, live: LiveContainer) -> Status:
    """Paused is what was recorded so and stands still; what the daemon froze otherwise, for a commit, goes on.

    Blocks.
    """
    if live.cgroup is None:
        return Status.RUNNING
    if record.state.status is Status.PAUSED and live.cgroup.is_frozen():
        return Status.PAUSED
    with contextlib.suppress(OSError):
        live.cgroup.thaw()
    return Status.RUNNING


def _references(entry: Entry) -> list[str]:
    """The containers that one cannot start without: it links to them, or shares their namespaces."""
    host = entry.record.host_config
    modes = [host.get(key) or "" for key in ("NetworkMode", "PidMode", "IpcMode")]
    shared = [mode.removeprefix("container:") for mode in modes if mode.startswith("container:")]
    return [*shared, *(links.parse(link)[0] for link in host.get("Links") or ())]
