"""What comes after a container's end: a restart, after a while, or its removal.  `exits` asks and tells.

Docker's delays: 100 ms, doubled each time up to a minute, from the start again after a life of ten seconds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum

from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Status
from pydock.daemon.containers.restart_policy import Policy, next_delay
from pydock.errors import PydockError

_log = logging.getLogger(__name__)

#: starts a container whose lock is held, with its restart count
Start = Callable[[Entry, int], Awaitable[None]]
#: removes a container whose lock is held, with its anonymous volumes
Remove = Callable[[Entry], Awaitable[None]]


class After(Enum):
    """What comes after a container's end."""

    REST = "rest"
    RESTART = "restart"
    REMOVE = "remove"


@dataclass(slots=True)
class _Prospect:
    """What is known of a container's next life."""

    delay: float = 0.0
    timer: "asyncio.Task[None] | None" = None
    #: a user's restart is under way: the end in its midst has no consequences
    held: int = 0


class Afterlife:
    """Decides and carries out."""

    def __init__(self, catalog: Catalog, start: Start, remove: Remove) -> None:
        self._catalog = catalog
        self._start = start
        self._remove = remove
        self._prospects: dict[str, _Prospect] = {}

    def judge(self, entry: Entry, exit_code: int, lived: float) -> After:
        """What comes after an end with `exit_code`."""
        record = entry.record
        prospect = self._prospects.get(entry.id)
        if prospect and prospect.held:
            return After.REST
        if Policy.of(record).after_exit(record.state, exit_code):
            return After.RESTART
        return After.REMOVE if record.host_config.get("AutoRemove") else After.REST

    async def follow(self, entry: Entry, after: After, lived: float) -> None:
        """Do it; the container's lock is held."""
        if after is After.REMOVE:
            try:
                await self._remove(entry)
            except PydockError as error:
                _log.error("container %s: cannot be removed: %s", entry.id, error.message)
        elif after is After.RESTART:
            self.restart_later(entry, lived)

    def restart_later(self, entry: Entry, lived: float) -> None:
        """Start the container again when its delay is over."""
        prospect = self._prospects.setdefault(entry.id, _Prospect())
        prospect.delay = next_delay(prospect.delay, lived)
        prospect.timer = asyncio.create_task(self._again(entry, prospect.delay))

    def cancel(self, entry: Entry) -> None:
        """A user starts or stops the container himself: no restart is due, and delays begin anew."""
        prospect = self._prospects.get(entry.id)
        if prospect is not None:
            if prospect.timer is not None:
                prospect.timer.cancel()
            prospect.timer, prospect.delay = None, 0.0
            if not prospect.held:
                del self._prospects[entry.id]

    def hold(self, entry: Entry) -> None:
        """Until `release`, let the container's end have no consequences."""
        self._prospects.setdefault(entry.id, _Prospect()).held += 1

    def release(self, entry: Entry) -> None:
        """The inverse of `hold`."""
        prospect = self._prospects[entry.id]
        prospect.held -= 1
        if not prospect.held and prospect.timer is None and not prospect.delay:
            del self._prospects[entry.id]

    def close(self) -> None:
        """The daemon ends: restart nothing any more."""
        for prospect in self._prospects.values():
            if prospect.timer is not None:
                prospect.timer.cancel()
        self._prospects.clear()

    async def _again(self, entry: Entry, delay: float) -> None:
        await asyncio.sleep(delay)
        async with entry.lock:
            # from here on this task is nobody's to cancel
            prospect = self._prospects.get(entry.id)
            if prospect is None or prospect.timer is not asyncio.current_task():
                return
            prospect.timer = None
            if entry.record.state.status is not Status.RESTARTING:
                return
            try:
                await self._start(entry, entry.record.state.restart_count)
            except PydockError as error:
                _log.warning("container %s: restart: %s", entry.id, error.message)
                await self._give_up(entry)

    async def _give_up(self, entry: Entry) -> None:
        """As in Docker, a restart that fails is the last."""
        self.cancel(entry)
        if entry.record.state.status is Status.RESTARTING:
            state = replace(entry.record.state, status=Status.EXITED)
            await self._catalog.save(entry, replace(entry.record, state=state))
        if entry.record.host_config.get("AutoRemove"):
            await self._remove(entry)
