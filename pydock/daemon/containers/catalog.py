"""All containers: found by name, ID or the start of one, kept in memory and in the index.

Every service of this package works on an `Entry`.  All calls are made on the event loop; `find` never waits.
"""

import asyncio
import contextlib
import logging
import sqlite3
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydock.daemon.containers import persistence
from pydock.daemon.containers.layer_access import LayerAccess
from pydock.daemon.containers.record import Container
from pydock.daemon.state import containers as table
from pydock.daemon.state.database import Database
from pydock.errors import Conflict, InvalidParameter, NotFound, PydockError

if TYPE_CHECKING:
    from pydock.daemon.containers.live import LiveContainer

T = TypeVar("T")
_log = logging.getLogger(__name__)


def _nothing() -> None:
    """Where there is nothing to take back."""


@dataclass(eq=False, slots=True)
class Entry:
    """One container: its record, the lock of its lifecycle, and its live handle while it has a shim."""

    record: Container
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    layer: LayerAccess = field(default_factory=LayerAccess)
    live: "LiveContainer | None" = None
    #: records how its last life has ended
    ending: "asyncio.Task[None] | None" = None
    #: ``State.Health`` as the API shows it; kept by the health service, None where there is no check
    health: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """The container's ID."""
        return self.record.id


class Catalog:
    """The containers by ID and name."""

    def __init__(self, database: Database, directory: Path) -> None:
        """`directory`: where each container has its own, ``<data root>/containers``."""
        self._database = database
        self._directory = directory
        self._entries: dict[str, Entry] = {}
        self._ids: list[str] = []
        #: names in use or about to be, each with its container's ID
        self._names: dict[str, str] = {}
        #: the IDs of containers whose records cannot be read: nobody sees them, and nothing of theirs is deleted
        self.unreadable: frozenset[str] = frozenset()

    def load(self) -> None:
        """Read what the index holds; called once, before all else.  One bad record is not the others' trouble."""
        unreadable = set()
        for id, name, text in self._database.read(lambda connection: list(table.all_rows(connection))):
            self._names[name] = id
            try:
                record = persistence.decode(text, name, self._directory / id)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                _log.error("container %s (%s): its record cannot be read: %r", id, name, error)
                unreadable.add(id)
                continue
            self._entries[id] = Entry(record, health=record.health)
        self._ids = sorted(self._entries)
        self.unreadable = frozenset(unreadable)

    def directory(self, id: str) -> Path:
        """Where the container `id` keeps its files."""
        return self._directory / id

    def find(self, reference: str) -> Entry:
        """The container that a full ID, a name (with or without slash) or a unique start of an ID means.

        ``PARENT/ALIAS`` is the name that a legacy link gives to the container linked to.
        NotFound ("No such container: x"), InvalidParameter where several IDs begin so.
        """
        if entry := self._entries.get(reference):
            return entry
        name = reference.removeprefix("/")
        id = self._names.get(name) or self._linked(name)
        if id and (entry := self._entries.get(id)):
            return entry
        if not reference:
            raise InvalidParameter('invalid name or ID supplied: ""')
        place = bisect_left(self._ids, reference)
        found = [id for id in self._ids[place : place + 2] if id.startswith(reference)]
        if len(found) > 1:
            raise InvalidParameter(f"multiple IDs found with provided prefix: {reference}")
        if not found:
            raise NotFound(f"No such container: {reference}")
        return self._entries[found[0]]

    def _linked(self, name: str) -> str | None:
        parent, _, alias = name.partition("/")
        entry = self._entries.get(self._names.get(parent, "")) if alias else None
        for link in (entry.record.host_config.get("Links") or ()) if entry else ():
            child, _, known_as = link.partition(":")
            if known_as == alias:
                return self._names.get(child)
        return None

    def all(self) -> list[Entry]:
        """Every container, in no order."""
        return list(self._entries.values())

    def is_free(self, name: str) -> bool:
        """Whether no container has `name` or is about to."""
        return name not in self._names

    def reserve(self, name: str, id: str) -> None:
        """Keep `name` for the container `id` while it is made; Conflict in Docker's words where another has it."""
        holder = self._names.setdefault(name, id)
        if holder != id:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )

    def release(self, name: str, id: str) -> None:
        """Give up a name that was kept for `id`."""
        if self._names.get(name) == id:
            del self._names[name]

    async def add(self, record: Container, also: Callable[[sqlite3.Connection], None] | None = None) -> Entry:
        """Enter a new container, durably; Conflict in Docker's words where its name is taken.

        `also` is run in the same transaction.
        """
        text = persistence.encode(record)

        def work(connection: sqlite3.Connection) -> None:
            if also:
                also(connection)
            table.insert(connection, record.id, record.name, text)

        def enter() -> Entry:
            entry = self._entries[record.id] = Entry(record)
            insort(self._ids, record.id)
            return entry

        self.reserve(record.name, record.id)
        return await self._write(work, enter, lambda: self.release(record.name, record.id))

    async def save(self, entry: Entry, record: Container) -> None:
        """Put `record` in the place of the entry's own, durably; the name may differ (Conflict as in `add`).

        NotFound where the container was removed while the caller waited for its lock.
        """
        if entry.id not in self._entries:  # its new name would be nobody's, and never free again
            raise NotFound(f"No such container: {entry.id}")
        text = persistence.encode(record)
        old = entry.record.name

        def replace_record() -> None:
            entry.record = record
            if record.name != old:
                self.release(old, record.id)

        def give_up() -> None:
            if record.name != old:
                self.release(record.name, record.id)

        self.reserve(record.name, record.id)
        await self._write(
            lambda connection: table.update(connection, record.id, record.name, text), replace_record, give_up
        )

    def note(self, entry: Entry, record: Container, durable: bool = False) -> "Future[None]":
        """Put `record` (of the same name) in place at once and write it soon: for what a power cut ends anyway.

        What comes back is done when it would outlive the daemon's death; a power cut too, where it is `durable`.
        """
        text = persistence.encode(record)
        entry.record = record
        written = self._database.submit(
            lambda connection: table.update(connection, record.id, record.name, text), durable=durable
        )
        written.add_done_callback(lambda written: _complain(entry, written))
        return written

    async def settle(self, entry: Entry, record: Container) -> None:
        """Put `record` (of the same name) in place, durably if the disk can: for what has happened all the same."""
        try:
            await self.save(entry, record)
        except PydockError as error:
            _log.error("container %s: what became of it cannot be written down: %s", entry.id, error.message)
            entry.record = record

    async def remove(self, entry: Entry, also: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Forget a container, durably; `also` is run in the same transaction."""

        def work(connection: sqlite3.Connection) -> None:
            if also:
                also(connection)
            table.delete(connection, entry.id)

        def forget() -> None:
            if self._entries.pop(entry.id, None):
                del self._ids[bisect_left(self._ids, entry.id)]
            self.release(entry.record.name, entry.id)

        await self._write(work, forget)

    async def _write(
        self, work: Callable[[sqlite3.Connection], None], done: Callable[[], T], failed: Callable[[], None] = _nothing
    ) -> T:
        """Carry out `work` in a transaction, then `done`, or `failed` where that could not be: memory and disk agree.

        It runs to its end even where the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[T] = loop.create_future()

        def settle(written: "Future[None]") -> None:
            if error := written.exception():
                failed()
                if not told.cancelled():
                    told.set_exception(error)
                return
            result = done()
            if not told.cancelled():
                told.set_result(result)

        def tell(written: "Future[None]") -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and the memory with it
                loop.call_soon_threadsafe(settle, written)

        try:
            written = self._database.submit(work)
        except BaseException:
            failed()
            raise
        written.add_done_callback(tell)
        return await told


def _complain(entry: Entry, written: "Future[None]") -> None:
    """Say that a note could not be written down; the next one may be."""
    if error := written.exception():
        _log.error("container %s: what became of it cannot be written down: %s", entry.id, error)
