"""The removal of volumes that no container refers to.  Called by the routes."""

from collections.abc import Callable, Mapping, Sequence

from pydock.daemon.events import Events
from pydock.daemon.volumes import rules
from pydock.daemon.volumes.service import Volumes
from pydock.daemon.volumes.volume import Volume
from pydock.errors import Conflict, PydockError


class Pruning:
    """One prune at a time."""

    def __init__(self, volumes: Volumes, events: Events) -> None:
        self._volumes = volumes
        self._events = events
        self._at_work = False

    async def prune(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
        """Remove what no container refers to; returns names and bytes won."""
        passes = rules.prune_filter(filters)
        if self._at_work:
            raise Conflict("a prune operation is already running")
        self._at_work = True
        try:
            removed = await self._remove(passes)
        finally:
            self._at_work = False
        reclaimed = sum(removed.values())
        self._events.publish("volume", "prune", "", {"reclaimed": str(reclaimed)})
        return list(removed), reclaimed

    async def _remove(self, passes: Callable[[Volume], bool]) -> dict[str, int]:
        removed = {}
        for volume, size, _ in await self._volumes.usage(passes):
            try:
                await self._volumes.remove(volume.name)
            except PydockError:
                continue  # somebody was faster: it is in use, or gone
            removed[volume.name] = max(size, 0)
        return removed
