"""What happens in one life of a container, told to the services that it concerns.  The wiring makes one a start."""

import asyncio
import logging

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.exec import ExecService
from pydock.daemon.containers.exits import Exits
from pydock.daemon.containers.live import LiveContainer
from pydock.runtime.messages import Exited

_log = logging.getLogger(__name__)


class Life:
    """The listener of one `LiveContainer`."""

    def __init__(
        self, entry: Entry, live: LiveContainer, exits: Exits, execs: ExecService, announcements: Announcements
    ) -> None:
        self._entry = entry
        self._live = live
        self._exits = exits
        self._execs = execs
        self._announcements = announcements
        live.listen(self)

    def detached(self, exec_id: str) -> None:
        """See `live.Listener`."""
        if exec_id:
            self._execs.detached(self._entry, exec_id)
        else:
            self._announcements.publish(self._entry.record, "detach")

    def exec_exited(self, exec_id: str, exit_code: int) -> None:
        """See `live.Listener`."""
        self._execs.exited(self._entry, self._live.bundle, exec_id, exit_code)

    def exited(self, exited: Exited | None) -> None:
        """See `live.Listener`."""
        self._execs.container_ended(self._entry)
        self._entry.ending = asyncio.get_running_loop().create_task(self._record(exited))

    async def _record(self, exited: Exited | None) -> None:
        try:
            await self._exits.ended(self._entry, self._live, exited)
        except Exception:
            _log.exception("container %s: its end cannot be recorded", self._entry.id)
