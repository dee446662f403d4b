"""The volumes: created, listed, removed, and held by the containers that mount them.

Called by the routes and by the containers service.  All volumes are kept in memory, beside the index; what refers to
them is known in memory alone, as the containers' records tell it again at each start.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydock.daemon.events import Events
from pydock.daemon.offload import offload, offload_outside
from pydock.daemon.state import volumes as table
from pydock.daemon.state.database import Database
from pydock.daemon.volumes import rules
from pydock.daemon.volumes.holders import Holders
from pydock.daemon.volumes.local_driver import LocalDriver
from pydock.daemon.volumes.pins import Pins
from pydock.daemon.volumes.volume import Volume
from pydock.errors import Conflict, NotFound, PydockError

__all__ = ["Volume", "Volumes"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Volumes:
    """All volumes of the engine; the local driver."""

    def __init__(self, database: Database, events: Events, driver: LocalDriver, pins: Pins) -> None:
        self._database = database
        self._events = events
        self._driver = driver
        self._pins = pins
        self._volumes: dict[str, Volume] = {}
        self._holders = Holders()
        self._turns: dict[str, _Turn] = {}
        #: those whose records cannot be read: nobody sees them, and nothing of theirs is deleted
        self._unreadable: Set[str] = frozenset()

    async def restore(self, referring: Iterable[tuple[str, str]] = (), holding: Iterable[tuple[str, str]] = ()) -> None:
        """At start-up: read the index, end removals that a crash cut off, take in directories that have no row.

        `referring` and `holding` are pairs of volume and container: of all containers, and of those that may run.
        """
        rows = dict(await offload(self._database.read, lambda index: list(table.all_rows(index))))
        removed, present = await offload(self._driver.recover)
        for name in removed:
            if name in rows:
                del rows[name]
                await self._delete(name)
            try:
                await offload(self._driver.finish_removal, name)
            except (OSError, PydockError) as error:  # one undeletable file must not keep the engine from starting
                _log.error("volume %s was removed, and its files cannot be: %s", name, error)
        for name in rows.keys() - set(present):
            await offload(self._driver.create, name)
        for name in set(present) - rows.keys():
            rows[name] = row = (name, time.time_ns(), False, None, None)
            await self._insert(row)
        self._volumes = {name: self._volume(row) for name, row in rows.items() if row}
        self._unreadable = rows.keys() - self._volumes.keys()
        for name in self._unreadable:
            _log.error("volume %s: its record cannot be read", name)
        for name, container_id in referring:
            self._holders.refer(name, container_id)
        for name, container_id in holding:
            self._holders.acquire(name, container_id)

    async def settle(self) -> None:
        """At start-up, when containers that ended have released theirs: unmount what a start that was cut off left."""
        idle = [volume.name for volume in self._volumes.values() if volume.options]
        idle = [name for name in idle if not self._holders.is_acquired(name)]
        await offload(self._pins.settle, self._holders.acquiring())
        await offload(self._driver.unmount, *idle)

    async def create(
        self,
        name: str = "",
        driver: str = "",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Volume:
        """Make a volume, or give back the one that has the name, whatever its options are.  "" names it."""
        if not name:
            name, anonymous = secrets.token_hex(32), True
        rules.check_driver(name, driver)
        if found := self._volumes.get(name):
            return found
        if name in self._unreadable:
            raise Conflict(f"volume {name}: its record cannot be read")
        rules.check_name(name)
        rules.check_options(name, options or {})
        if anonymous:
            labels = {**(labels or {}), rules.ANONYMOUS_LABEL: ""}
        async with self._locked(name):
            if found := self._volumes.get(name):
                return found
            row = (name, time.time_ns(), anonymous, labels, options)
            await self._insert(row)  # a row without its directory gets one at the next start
            try:
                await offload(self._driver.create, name)
            except BaseException:
                await self._delete(name)
                raise
            volume = self._volumes[name] = self._volume(row)
        self._events.publish("volume", "create", name, {"driver": volume.driver})
        return volume

    async def get(self, name: str) -> Volume:
        """The volume `name`; NotFound in Docker's words."""
        return self._find(name)

    async def select(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[Volume], list[str]]:
        """The volumes that pass Docker's filters, by name, and warnings."""
        passes = rules.list_filter(filters, self._holders.is_referred)
        return [volume for _, volume in sorted(self._volumes.items()) if passes(volume)], []

    async def remove(self, name: str, force: bool = False) -> None:
        """Remove a volume; Conflict where a container refers to it.  `force`: one that is not there is no error."""
        try:
            await self._remove(name)
        except NotFound:
            if not force:
                raise

    async def refer(self, name: str, container_id: str) -> Volume:
        """Note that a container (a new one, or at start-up a known one) refers to a volume: it can't be removed."""
        volume = self._find(name)
        self._holders.refer(name, container_id)
        return volume

    async def unrefer(self, container_id: str, remove_anonymous: Iterable[str] = (), but: Collection[str] = ()) -> None:
        """Forget what a removed container, or a new one, referred to `but` these; anonymous ones named are removed."""
        self._holders.unrefer(container_id, but)
        for name in remove_anonymous:
            volume = self._volumes.get(name)
            if volume and volume.anonymous and not self._holders.is_referred(name):
                try:
                    await self._remove(name)
                except (NotFound, Conflict):
                    continue  # another container took it, or removed it too

    async def acquire(
        self,
        name: str,
        container_id: str,
        subpath: str = "",
        *,
        destination: str = "",
        writable: bool = True,
        propagation: str = "",
    ) -> Path:
        """Mount a volume for a container that starts (driver options need a mount) and give the path to bind.

        The last three are told in the ``mount`` event.
        """
        volume = self._find(name)
        if volume.options:
            async with self._locked(name):
                await _door(volume)(self._driver.mount, name, volume.options)
                self._holders.acquire(name, container_id)
        else:
            self._holders.acquire(name, container_id)
        path = volume.path
        if subpath:
            path = await _door(volume)(self._pins.pin, path, subpath, container_id)
        attributes = {
            "container": container_id,
            "destination": destination,
            "driver": volume.driver,
            "propagation": propagation,
            "read/write": "true" if writable else "false",
        }
        self._events.publish("volume", "mount", name, attributes)
        return path

    async def release(self, container_id: str) -> None:
        """A container has stopped: unmount what no other one uses."""
        names = self._holders.release(container_id)
        if self._pins.any(container_id):
            await offload(self._pins.unpin, container_id)
        for name in names:
            volume = self._volumes.get(name)
            if volume is None:
                continue
            if volume.options:
                async with self._locked(name):
                    if not self._holders.is_acquired(name):
                        await offload(self._driver.unmount, name)
            self._events.publish("volume", "unmount", name, {"container": container_id, "driver": volume.driver})

    async def copy_up(
        self, name: str, container_id: str, rootfs: Sequence[Any], target: str, subpath: str = ""
    ) -> None:
        """Fill an empty volume with what the image has at `target`; `rootfs` are the snapshot's mounts."""
        volume = self._find(name)
        async with self._locked(name):
            try:
                await _door(volume)(self._driver.copy_up, name, volume.options or {}, rootfs, target, subpath)
            finally:
                if volume.options and not self._holders.is_acquired(name):
                    await offload(self._driver.unmount, name)

    async def usage(self, unused: Callable[[Volume], bool] | None = None) -> list[tuple[Volume, int, int]]:
        """Each volume with its size in bytes and its number of references.

        Where `unused` is given, only those that pass it and that no container refers to: sizes take time.
        """
        volumes = [volume for _, volume in sorted(self._volumes.items())]
        if unused:
            volumes = [volume for volume in volumes if unused(volume) and not self._holders.is_referred(volume.name)]
        # what is mounted on one may be elsewhere: Docker tells no size of such a volume
        sizes = await offload(self._driver.sizes, [volume.name for volume in volumes if not volume.options])
        return [(volume, sizes.get(volume.name, -1), self._holders.references(volume.name)) for volume in volumes]

    def _find(self, name: str) -> Volume:
        try:
            return self._volumes[name]
        except KeyError:
            raise NotFound(f"{f'get {name}'.strip()}: no such volume") from None

    async def _remove(self, name: str) -> None:
        async with self._locked(name):
            volume = self._find(name)
            if holders := self._holders.of(name):
                raise Conflict(f"remove {name}: volume is in use - [{', '.join(holders)}]")
            del self._volumes[name]  # from here on nobody can refer to it
            try:
                await offload(self._driver.begin_removal, name)
                await self._delete(name)
            except BaseException:
                self._volumes[name] = volume
                raise
            await offload(self._driver.finish_removal, name)
        self._events.publish("volume", "destroy", name, {"driver": volume.driver})

    async def _insert(self, row: table.Row) -> None:
        await asyncio.wrap_future(self._database.submit(lambda index: table.insert(index, row)))

    async def _delete(self, name: str) -> None:
        await asyncio.wrap_future(self._database.submit(lambda index: table.delete(index, name)))

    def _volume(self, row: table.Row) -> Volume:
        name, created, anonymous, labels, options = row
        return Volume(name, self._driver.path(name), created, rules.DRIVER, labels, options, anonymous)

    @asynccontextmanager
    async def _locked(self, name: str) -> AsyncIterator[None]:
        """Only one creates, mounts or removes a volume at a time."""
        turn = self._turns.setdefault(name, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[name]


def _door(volume: Volume) -> "Callable[..., asyncio.Future[Any]]":
    """How to wait for what is done in a volume: the server of one that options mount may answer late, or never."""
    return offload_outside if volume.options else offload
