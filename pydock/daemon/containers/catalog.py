"""All containers: found by name, ID or the start of one, kept in memory and in the index.

Every service of this package works on an `Entry`.  All calls are made on the event loop; `find` never waits.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydock.daemon.containers.record import Container

if TYPE_CHECKING:
    from pydock.daemon.containers.live import LiveContainer


@dataclass(eq=False, slots=True)
class Entry:
    """One container: its record, the lock of its lifecycle, and its live handle while it has a shim."""

    record: Container
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    live: "LiveContainer | None" = None
    #: ``State.Health`` as the API shows it; kept by the health service, None where there is no check
    health: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """The container's ID."""
        return self.record.id


class Catalog:
    """The containers by ID and name."""

    def find(self, reference: str) -> Entry:
        """The container that a full ID, a name (with or without slash) or a unique start of an ID means.

        NotFound ("No such container: x"), InvalidParameter where several IDs begin so.
        """
        raise NotImplementedError

    def all(self) -> list[Entry]:
        """Every container, in no order."""
        raise NotImplementedError

    async def add(self, record: Container) -> Entry:
        """Enter a new container, durably; Conflict in Docker's words where its name is taken."""
        raise NotImplementedError

    async def save(self, entry: Entry, record: Container) -> None:
        """Put `record` in the place of the entry's own, durably; the name may differ (Conflict as in `add`)."""
        raise NotImplementedError

    async def remove(self, entry: Entry) -> None:
        """Forget a container, durably."""
        raise NotImplementedError
