"""Files into and out of containers: cp's archive API, export, diff.  Called by the routes of container_io.

What touches a container's files runs in workers; tars go through pipes between them and the clients.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.inspect import engine_files
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.offload import offload, offload_outside
from pydock.daemon.pipes import Pipe
from pydock.errors import Conflict, NotFound
from pydock.imagestore.snapshots import Snapshots
from pydock.linux.mounts import Mount
from pydock.worker.container_files import Change, ContainerFiles, PathStat, PutOptions, View
from pydock.worker.view import started

T = TypeVar("T")

#: how long the end of a container may take to be known, and how long to wait before looking again, in seconds
_SOON, _PAUSE = 10.0, 0.02


class Volumes(Protocol):
    """See `pydock.daemon.volumes.service.Volumes`."""

    async def acquire(self, name: str, container_id: str, subpath: str = "") -> Path: ...

    async def release(self, container_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Put:
    """An upload: ``keep_directories`` is noOverwriteDirNonDir, ``as_user`` copyUIDGID."""

    path: str
    keep_directories: bool = False
    as_user: bool = False


class Archive:
    """See the module."""

    def __init__(
        self, files: ContainerFiles, snapshots: Snapshots, volumes: Volumes, announcements: Announcements
    ) -> None:
        self._files = files
        self._snapshots = snapshots
        self._volumes = volumes
        self._announcements = announcements
        self._numbers = itertools.count()

    async def stat(self, entry: Entry, name: str, path: str) -> PathStat:
        """What is at `path`; NotFound in Docker's words, with the container called `name`."""
        async with contextlib.AsyncExitStack() as stack:
            return await self._in_view(entry, stack, self._view, lambda view: self._stat(view, name, path))

    @contextlib.asynccontextmanager
    async def get(self, entry: Entry, name: str, path: str) -> AsyncIterator[tuple[PathStat, AsyncIterator[bytes]]]:
        """What is at `path`, and the pieces of its tar."""
        async with contextlib.AsyncExitStack() as stack:
            found, pieces = await self._in_view(
                entry, stack, self._view, lambda view: self._open(view, name, path, stack)
            )
            self._announcements.publish(entry.record, "archive-path")
            yield found, pieces

    async def put(self, entry: Entry, name: str, put: Put, pour: Callable[[int], Awaitable[None]]) -> None:
        """Unpack the tar that `pour` writes to the descriptor it gets into the directory `put.path`."""
        async with contextlib.AsyncExitStack() as stack:
            options = _options(entry.record, put)
            try:
                await self._in_view(
                    entry, stack, self._own_view, lambda view: self._pour(view, put.path, options, pour)
                )
            except (NotFound, FileNotFoundError):
                raise _missing(put.path, name) from None
        self._announcements.publish(entry.record, "extract-to-dir")

    @contextlib.asynccontextmanager
    async def export(self, entry: Entry) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of a tar of the root file system, without what is mounted in it."""
        _refuse_dying(entry)
        async with self._kept(entry):
            view = replace(_life(entry) or View(), mounts=await offload(self._snapshots.mounts, entry.id))
            async with _reading(lambda target: self._files.export(view, target)) as pieces:
                yield pieces
        self._announcements.publish(entry.record, "export")

    async def changes(self, entry: Entry) -> list[Change]:
        """What the container has changed over its image."""
        _refuse_dying(entry)
        async with self._kept(entry) as upper:
            directories = await offload(self._snapshots.directories, entry.id)
            return await offload(self._files.changes, upper, directories.lower)

    async def _pour(self, view: View, path: str, options: PutOptions, pour: Callable[[int], Awaitable[None]]) -> None:
        """What `put` does; nothing is taken of what is to be poured before the worker is inside."""
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()

        def begin() -> None:
            loop.call_soon_threadsafe(begun.set_result, None)

        with Pipe(reading=False) as pipe:
            work = offload_outside(self._files.write, view, path, pipe.far, options, begin)
            work.add_done_callback(lambda _: pipe.close_far())
            try:
                await asyncio.wait([work, begun], return_when=asyncio.FIRST_COMPLETED)
                if begun.done():
                    with contextlib.suppress(BrokenPipeError):  # the worker tells why
                        await pour(pipe.near)
            finally:
                await _ended(pipe, work)  # where the pouring failed, that is told
            work.result()

    async def _open(
        self, view: View, name: str, path: str, stack: contextlib.AsyncExitStack
    ) -> tuple[PathStat, AsyncIterator[bytes]]:
        """What `get` gives, until `stack` closes; what cannot be begun is told here, before anything is answered."""
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[PathStat] = loop.create_future()

        def begin(found: PathStat) -> None:
            loop.call_soon_threadsafe(begun.set_result, found)

        reading = _reading(lambda target: self._files.read(view, path, target, begin), begun)
        try:
            pieces = await stack.enter_async_context(reading)
        except (NotFound, FileNotFoundError):
            raise _missing(path, name) from None
        return begun.result(), pieces

    async def _in_view(
        self,
        entry: Entry,
        stack: contextlib.AsyncExitStack,
        open_view: Callable[[Entry], contextlib.AbstractAsyncContextManager[View]],
        act: Callable[[View], Awaitable[T]],
    ) -> T:
        """Do `act` with the container's view, which is there until `stack` closes.

        A process that ended before a worker could enter its namespace is soon known to have: then the root is mounted.
        """
        deadline = time.monotonic() + _SOON
        while True:
            view = await stack.enter_async_context(open_view(entry))
            try:
                return await act(view)
            except Conflict:
                if not view.pid or time.monotonic() > deadline:
                    raise
                await stack.aclose()
                await asyncio.sleep(_PAUSE)

    async def _stat(self, view: View, name: str, path: str) -> PathStat:
        try:
            return await offload(self._files.stat, view, path)
        except (NotFound, FileNotFoundError):
            raise _missing(path, name) from None

    @contextlib.asynccontextmanager
    async def _view(self, entry: Entry) -> AsyncIterator[View]:
        """The container's root as it sees it itself, with its volumes and binds, whether it runs or not; to read."""
        _refuse_dying(entry)
        if view := _life(entry):
            yield view
            return
        async with self._kept(entry), self._mounted_view(entry) as view:
            yield view

    @contextlib.asynccontextmanager
    async def _own_view(self, entry: Entry) -> AsyncIterator[View]:
        """The same to write to: where it does not run, it is not started, nor mounted by others, meanwhile."""
        async with contextlib.AsyncExitStack() as stack:
            view = _life(entry)
            if view is None:
                await stack.enter_async_context(entry.layer.alone())
                if view := _life(entry):  # it has been started meanwhile
                    await stack.aclose()
            if view:
                stack.enter_context(entry.layer.beside())
            else:
                _refuse_dying(entry)
                await stack.enter_async_context(self._kept(entry))
                view = await stack.enter_async_context(self._mounted_view(entry))
            yield view

    @contextlib.asynccontextmanager
    async def _kept(self, entry: Entry) -> AsyncIterator[Path]:
        """The directory of what the container has changed, which stays though it be removed meanwhile."""
        reading = self._snapshots.reading(entry.id)
        upper = await offload(reading.__enter__)
        try:
            yield upper
        finally:
            await offload(reading.__exit__, None, None, None)

    @contextlib.asynccontextmanager
    async def _mounted_view(self, entry: Entry) -> AsyncIterator[View]:
        holder = f"{entry.id}-archive-{next(self._numbers)}"
        try:
            mounts = list(await offload(self._snapshots.mounts, entry.id))
            yield View(mounts=(*mounts, *await self._mounted(entry.record, holder)))
        finally:
            await self._volumes.release(holder)

    async def _mounted(self, record: Container, holder: str) -> list[Mount]:
        mounts = []
        for point in sorted(record.mounts, key=lambda point: point.target.count("/")):
            source = Path(point.source)
            if point.kind == "volume":
                source = await self._volumes.acquire(point.name, holder, str(point.options.get("Subpath") or ""))
            elif point.kind != "bind" or not source.exists():
                continue
            options = ("rbind",) if point.writable else ("rbind", "ro")
            mounts.append(Mount("bind", str(source), point.target, options))
        targets = {point.target for point in record.mounts}
        options = ("bind", "ro") if record.host_config.get("ReadonlyRootfs") else ("bind",)
        mounts += [
            Mount("bind", source, target, options)
            for target, source in engine_files(record).items()
            if target not in targets and Path(source).exists()
        ]
        return mounts


@contextlib.asynccontextmanager
async def _reading(
    write: Callable[[int], object], begun: "asyncio.Future[Any] | None" = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The pieces of what `write`, in a thread, writes to the descriptor that it gets.

    That is the thread's until it has ended, however early nobody reads any more.  What it raises before it has written
    anything is raised at once, before anybody is answered; it may tell before that it has `begun`.
    """
    with Pipe(reading=True) as pipe:
        work = offload_outside(write, pipe.far)
        work.add_done_callback(lambda _: pipe.close_far())
        try:
            if begun is not None:
                await asyncio.wait([work, begun], return_when=asyncio.FIRST_COMPLETED)
                if not begun.done():
                    work.result()
            first = await pipe.read()
            if not first:
                await asyncio.wait([work])
                work.result()
            async with contextlib.aclosing(_pieces(first, pipe, work)) as pieces:
                yield pieces
        finally:
            await _ended(pipe, work)


async def _ended(pipe: Pipe, work: "asyncio.Future[Any]") -> None:
    """Have the thread at the pipe's other end finish; what it raised is no news any more."""
    pipe.close_near()
    await asyncio.wait([work])
    if not work.cancelled():
        work.exception()


async def _pieces(first: bytes, pipe: Pipe, work: "asyncio.Future[object]") -> AsyncGenerator[bytes, None]:
    """What the worker writes; what it raises in the end is raised here."""
    piece = first
    while piece:
        yield piece
        piece = await pipe.read()
    await asyncio.wait([work])  # a cancelled `await work` would leave the thread alone
    work.result()


def _life(entry: Entry) -> View | None:
    """The container's root as its first process has it; None where it has none."""
    live = entry.live
    if live is not None and live.pid and entry.record.state.status.has_process() and not live.ended.done():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            view = View(live.pid, started(live.pid))
            return None if live.ended.done() else view
    return None


def _options(record: Container, put: Put) -> PutOptions:
    user, _, group = str(record.config.get("User") or "").partition(":")
    owner = None
    if put.as_user and user.isdigit():
        owner = (int(user), int(group) if group.isdigit() else int(user))
    return PutOptions(
        keep_directories=put.keep_directories,
        owner=owner,
        read_only=bool(record.host_config.get("ReadonlyRootfs")),
        read_only_mounts=tuple(point.target for point in record.mounts if not point.writable),
        writable_mounts=tuple(point.target for point in record.mounts if point.writable),
    )


def _missing(path: str, name: str) -> NotFound:
    return NotFound(f"Could not find the file {path} in container {name}")


def _refuse_dying(entry: Entry) -> None:
    if entry.record.state.status in (Status.DEAD, Status.REMOVING):
        raise Conflict(f"container {entry.id} is dead or marked for removal")
