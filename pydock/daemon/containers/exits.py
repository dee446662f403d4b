"""A container's end: its network and volumes let go, the record, the event, those who wait, and what comes after.

Called for each `LiveContainer` that ends, and by recovery for those that ended while there was no daemon.
"""

import asyncio
import logging
import time
from dataclasses import replace

from pydock.daemon.containers.afterlife import After, Afterlife
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.health import without_life
from pydock.daemon.containers.launcher import Launcher
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.provisions import Provisions
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.containers.waiters import Outcome, Waiters
from pydock.daemon.offload import offload
from pydock.runtime.messages import Exited

_KILLED = 137
_log = logging.getLogger(__name__)


class Exits:
    """Records ends."""

    def __init__(
        self,
        catalog: Catalog,
        announcements: Announcements,
        provisions: Provisions,
        launcher: Launcher,
        waiters: Waiters,
        afterlife: Afterlife,
    ) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._provisions = provisions
        self._launcher = launcher
        self._waiters = waiters
        self._afterlife = afterlife

    async def ended(self, entry: Entry, live: LiveContainer, exited: Exited | None) -> None:
        """The life `live` of a container is over; None: its shim was killed."""
        async with entry.lock:
            if entry.live is not live:
                return
            if exited is None:
                await offload(self._launcher.bury, entry.record)
            entry.live = None
            await self.record(entry, exited or Exited(_KILLED, False, time.time_ns()))

    async def record(self, entry: Entry, exited: Exited) -> None:
        """Put down how a container ended, whose lock the caller holds."""
        record = entry.record
        # beside the writing: were it cut off, the next daemon would find that nobody uses what is left
        dropping = asyncio.ensure_future(self._drop(record))
        lived = (exited.finished_at - record.state.started_at) / 1e9
        after = self._afterlife.judge(entry, exited.exit_code, lived)
        state = replace(
            record.state,
            status=Status.RESTARTING if after is After.RESTART else Status.EXITED,
            pid=0,
            exit_code=exited.exit_code,
            oom_killed=exited.oom_killed or record.state.oom_killed,
            finished_at=exited.finished_at,
            restart_count=record.state.restart_count + (after is After.RESTART),
        )
        endpoints = {name: endpoint.without_state() for name, endpoint in record.endpoints.items()}
        entry.health = without_life(entry.health)
        ended = replace(record, state=state, sandbox=None, endpoints=endpoints, health=entry.health)
        try:
            if after is After.REMOVE:
                self._catalog.note(entry, ended)
            else:
                await self._catalog.settle(entry, ended)
        finally:
            await dropping
        if exited.oom_killed and not record.state.oom_killed:
            self._announcements.publish(record, "oom")
        self._announcements.publish(record, "die", exitCode=str(exited.exit_code), execDuration=str(max(0, int(lived))))
        self._waiters.tell_exit(entry.id, Outcome(exited.exit_code))
        await self._afterlife.follow(entry, after, lived)

    async def _drop(self, record: Container) -> None:
        try:
            await self._provisions.drop(record)
        except Exception:  # the container has ended all the same
            _log.exception("container %s: what it used cannot be let go", record.id)
