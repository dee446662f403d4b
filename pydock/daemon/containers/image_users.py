"""The containers as images see them: who uses an image, and a container that stands still while it is committed.

Implements `daemon.images.users.ImageUsers`; called from any thread.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Status
from pydock.daemon.images.users import CommitSource, ImageUse
from pydock.errors import Conflict
from pydock.imagestore.snapshots import Snapshots


class ContainerImages:
    """What the image service knows of containers.  Made on the event loop."""

    def __init__(self, catalog: Catalog, snapshots: Snapshots, announcements: Announcements) -> None:
        self._catalog = catalog
        self._snapshots = snapshots
        self._announcements = announcements
        self._loop = asyncio.get_running_loop()

    def image_uses(self) -> Sequence[ImageUse]:
        """Every container with the image that it was made from, and with those that it mounts."""
        uses = []
        for entry in self._catalog.all():
            record = entry.record
            running = record.state.status.is_running()
            mounted = [point.options["Image"] for point in record.mounts if point.kind == "image"]
            uses += [ImageUse(record.id, image, running) for image in (record.image, *mounted) if image]
        return uses

    @contextlib.contextmanager
    def committing(self, reference: str, pause: bool) -> Iterator[CommitSource]:
        """Hold a container (paused, where it runs and `pause` says so) while it is committed.

        One that goes on running meanwhile can be stopped, end and be removed; what it has written stays until then.
        """
        entry = asyncio.run_coroutine_threadsafe(self._lock(reference), self._loop).result()
        with contextlib.ExitStack() as lock, contextlib.ExitStack() as stack:
            lock.callback(self._loop.call_soon_threadsafe, entry.lock.release)
            record = entry.record
            upper = stack.enter_context(self._snapshots.reading(record.id))
            if pause:
                stack.enter_context(self._paused(entry))
            elif record.state.status.has_process():
                lock.close()
            yield CommitSource(record.id, record.name, record.image, record.config, upper)

    async def _lock(self, reference: str) -> Entry:
        entry = self._catalog.find(reference)
        await entry.lock.acquire()
        if entry.record.state.status in (Status.REMOVING, Status.DEAD):
            entry.lock.release()
            raise Conflict(f"You cannot commit container {entry.id} which is {entry.record.state.status.value}")
        return entry

    @contextlib.contextmanager
    def _paused(self, entry: Entry) -> Iterator[None]:
        live = entry.live
        if live is None or live.cgroup is None or live.killed or entry.record.state.status != Status.RUNNING:
            yield
            return
        with contextlib.ExitStack() as after, contextlib.ExitStack() as stack:
            try:
                stack.enter_context(live.cgroup.frozen())
            except FileNotFoundError:  # it ended just now
                yield
                return
            self._announcements.publish(entry.record, "pause")
            after.callback(self._announcements.publish, entry.record, "unpause")
            yield
