"""Removes all containers that do not run, as ``POST /containers/prune`` asks."""

from collections.abc import Mapping, Sequence

from pydock.daemon import filter_keys
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.lifecycle import Lifecycle, RemoveOptions
from pydock.daemon.containers.record import Status
from pydock.daemon.events import Events
from pydock.daemon.moments import parse_moment
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, PydockError
from pydock.imagestore.snapshots import Snapshots

_ACCEPTED = frozenset({"label", "label!", "until"})


class Pruning:
    """Prunes containers; one prune at a time."""

    def __init__(self, catalog: Catalog, lifecycle: Lifecycle, snapshots: Snapshots, events: Events) -> None:
        self._catalog = catalog
        self._lifecycle = lifecycle
        self._snapshots = snapshots
        self._events = events
        self._running = False

    async def prune(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
        """Remove what `filters` let through; returns IDs and bytes won."""
        limit = _check(filters)
        if self._running:
            raise Conflict("a prune operation is already running")
        self._running = True
        try:
            removed, won = await self._prune(filters, limit)
        finally:
            self._running = False
        self._events.publish("container", "prune", "", {"reclaimed": str(won)})
        return removed, won

    async def _prune(self, filters: Mapping[str, Sequence[str]], limit: int | None) -> tuple[list[str], int]:
        removed: list[str] = []
        won = 0
        for entry in self._catalog.all():
            if not _goes(entry, filters, limit):
                continue
            try:
                size = (await offload(self._snapshots.usage, entry.id)).size
                await self._lifecycle.remove(entry, entry.record.name, RemoveOptions())
            except PydockError:
                continue  # it was started or removed meanwhile
            removed.append(entry.id)
            won += size
        return removed, won


def _check(filters: Mapping[str, Sequence[str]]) -> int | None:
    """The moment of ``until``, None where there is none."""
    filter_keys.check(filters, _ACCEPTED)
    moments = filters.get("until") or ()
    if len(moments) > 1:
        raise InvalidParameter("more than one until filter specified")
    return parse_moment(moments[0]) if moments else None


def _goes(entry: Entry, filters: Mapping[str, Sequence[str]], limit: int | None) -> bool:
    record = entry.record
    if record.state.status.is_running() or record.state.status == Status.REMOVING:
        return False
    if limit is not None and record.created > limit:
        return False
    labels = record.config["Labels"] or {}
    wanted, unwanted = filters.get("label", ()), filters.get("label!", ())
    return all(_has(labels, one) for one in wanted) and not (unwanted and all(_has(labels, one) for one in unwanted))


def _has(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)
