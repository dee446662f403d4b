"""The one index of everything that the engine owns: SQLite in WAL mode, with one thread that writes and reads.

Opened by main with the schema's steps; every service's store calls `write` and `read`.  Writes that
arrive together are committed together: one sync of the disk serves them all.  No other connection is possible, as
that would take memory that is shared by a file: where a full disk can't take a page of it (btrfs), SIGBUS is the end.
"""

import contextlib
import errno
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydock.daemon.state.reserve import Reserve, has_room
from pydock.daemon.state.schema import Step, migrate
from pydock.durable import make_in_place
from pydock.errors import System

T = TypeVar("T")
_log = logging.getLogger(__name__)
Work = Callable[[sqlite3.Connection], T]

#: what SQLite syncs: the log at each commit, or only where it is emptied into the database (its file stays sound)
_FULL, _NORMAL = "FULL", "NORMAL"
#: how long what is not durable may wait for a durable write to be synced with, in seconds
_MOMENT = 0.025
#: the size that the log has from the start, in bytes
_LOG = 512 << 10
#: The most writes that share one commit.
_GROUP = 256


@dataclass(frozen=True, slots=True)
class _Pending:
    work: Work[Any]
    result: "Future[Any]"
    #: whether the result is given only when it is on the disk
    durable: bool


class Database:
    """A SQLite database with the one thread that uses it."""

    def __init__(self, path: Path, steps: Sequence[Step]) -> None:
        """Open or create the database at `path` and bring its schema up to the last of `steps`."""
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        #: what SQLite does at a commit
        self._synchronous = _FULL
        #: since when there are commits that wait for a sync, None for none
        self._unsynced: float | None = None
        self._reserve = Reserve(path.with_suffix(".reserve"))
        with self._in_words():
            self._connection = self._open(steps)
        self._enlarge_log()
        self._reserve.hold()
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self._thread.start()

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and wait until it is on disk.

        `work` gets the connection, must not commit, and is undone whole when it raises; what it raises is
        raised here.  It must be quick: every other writer waits.
        """
        return self.submit(work).result()

    def submit(self, work: Work[T], durable: bool = True) -> "Future[T]":
        """Hand in `work` as `write` does, without waiting (async code awaits `asyncio.wrap_future` of it).

        Not `durable`: it outlives the daemon's death at once, a power cut only when the next durable write does, or
        after a moment.
        """
        result: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise System("the database is closed")
            self._queue.put(_Pending(work, result, durable))
        return result

    def read(self, work: Work[T]) -> T:
        """Run `work`, which only reads, and wait; it sees every write that was handed in before."""
        with self._in_words():
            return self.submit(work, durable=False).result()

    def _open(self, steps: Sequence[Step]) -> sqlite3.Connection:
        for path in (self._path, self._log):
            make_in_place(path)
        while True:
            try:
                connection = _connect(self._path, lambda connection: migrate(connection, steps))
            except sqlite3.Error as error:
                if not _means_full(error) or not self._reserve.release():
                    raise
            else:
                _empty_log(connection)  # before others take the room that the log has to be emptied into
                return connection

    def _enlarge_log(self) -> None:
        """Have room in the log from the start, so that what clears a full disk can be written whoever fills it."""
        with contextlib.suppress(OSError):
            log = os.open(self._log, os.O_RDWR | os.O_CLOEXEC)
            try:
                os.posix_fallocate(log, 0, _LOG)
            finally:
                os.close(log)

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise System(f"the index {self._path} cannot be read: {self._words(error)}") from error

    def close(self) -> None:
        """Write what was handed in, then close; later writes are refused."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._reserve.hold_at_least(_LOG)  # the room of the log, which went with the connection

    def _words(self, error: sqlite3.Error | OSError) -> str:
        """What is wrong; a full disk as the rest of the engine tells it."""
        full = isinstance(error, sqlite3.Error) and _means_full(error) and not has_room(self._path.parent)
        return os.strerror(errno.ENOSPC).lower() if full else str(error)

    def _run(self) -> None:
        while (first := self._next()) is not None:
            group = [first]
            last = False
            with contextlib.suppress(queue.Empty):
                while len(group) < _GROUP:
                    following = self._queue.get_nowait()
                    if following is None:
                        last = True
                        break
                    group.append(following)
            self._commit(group)
            if last:
                return

    def _next(self) -> _Pending | None:
        """The next write, None for the end; what is not synced meanwhile is, after a moment, however many come."""
        if self._unsynced is not None:
            left = self._unsynced + _MOMENT - time.monotonic()
            if left > 0:
                with contextlib.suppress(queue.Empty):
                    return self._queue.get(timeout=left)
            self._unsynced = None
            try:
                log = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fdatasync(log)
                finally:
                    os.close(log)
            except OSError as error:
                _log.error("the index %s cannot be synced: %s", self._path, error.strerror)
        return self._queue.get()

    def _commit(self, group: list[_Pending]) -> None:
        """One transaction for the whole group; a savepoint lets one of them fail alone."""
        group = [pending for pending in group if pending.result.set_running_or_notify_cancel()]
        try:
            done = self._transaction(group)
            self._reserve.hold()
        except sqlite3.Error as error:
            for pending in group:
                if not pending.result.done():
                    pending.result.set_exception(System(f"the index {self._path}: {self._words(error)}"))
            return
        for result, value in done:
            result.set_result(value)

    def _transaction(self, group: list[_Pending]) -> "list[tuple[Future[Any], Any]]":
        """What each gave, all on disk; where the disk is full, once more with the room that was kept for that."""
        try:
            return self._attempt(group)
        except sqlite3.Error as error:
            if not _means_full(error):
                raise
            self._reserve.release()
            _empty_log(self._connection)
            return self._attempt([pending for pending in group if not pending.result.done()])

    def _attempt(self, group: list[_Pending]) -> "list[tuple[Future[Any], Any]]":
        done: list[tuple[Future[Any], Any]] = []
        durable = any(pending.durable for pending in group)
        before = self._connection.total_changes
        try:
            self._set_synchronous(_FULL if durable else _NORMAL)
            self._connection.execute("BEGIN IMMEDIATE")
            for pending in group:
                self._connection.execute("SAVEPOINT one")
                try:
                    value = pending.work(self._connection)
                except BaseException as error:
                    if isinstance(error, sqlite3.Error) and _means_full(error):
                        raise
                    self._connection.execute("ROLLBACK TO one")
                    pending.result.set_exception(error)
                else:
                    done.append((pending.result, value))
                self._connection.execute("RELEASE one")
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        if durable:
            self._unsynced = None
        elif self._unsynced is None and self._connection.total_changes != before:
            self._unsynced = time.monotonic()
        return done

    def _set_synchronous(self, mode: str) -> None:
        if self._synchronous != mode:
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode


def _means_full(error: sqlite3.Error) -> bool:
    """Whether the disk has no room; an I/O error may be that, too, where SQLite maps its shared memory."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _empty_log(connection: sqlite3.Connection) -> None:
    """Move what the log has into the database, where there is room, so that it is written anew from its start."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(RESTART)")


def _connect(path: Path, prepare: Work[object]) -> sqlite3.Connection:
    """A prepared connection in autocommit mode, so that transactions are where we say; durable at each commit."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # first: what the log holds is kept in our own memory
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {_FULL}")
        connection.execute("PRAGMA foreign_keys = ON")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection
