"""Containers that come to the limit of their memory: the event ``oom``, and ``OOMKilled`` while they run.

The wiring has `watch` called for each container that starts or is adopted.  What nobody heard of, as there was no
daemon, is told at the container's end: see `exits`.
"""

import asyncio
from dataclasses import replace

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.offload import offload
from pydock.runtime.cgroups import Cgroup, oom


class MemoryWatch:
    """Watches all containers that have a limit."""

    def __init__(self, catalog: Catalog, announcements: Announcements) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._tasks: set[asyncio.Task[None]] = set()

    def watch(self, entry: Entry, live: LiveContainer) -> None:
        """Watch a container for as long as `live` is its life."""
        if live.cgroup and entry.record.host_config.get("Memory"):
            task = asyncio.get_running_loop().create_task(self._begin(entry, live, live.cgroup))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, entry: Entry, live: LiveContainer, cgroup: Cgroup) -> None:
        try:
            watch = await offload(oom.watch, cgroup)
        except OSError:  # it has just ended
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(watch.fileno(), self._look, entry, live, watch)
        try:
            await asyncio.wait([live.ended])
        finally:
            loop.remove_reader(watch.fileno())
            watch.close()

    def _look(self, entry: Entry, live: LiveContainer, watch: oom.OomWatch) -> None:
        if watch.happened() and entry.live is live:
            state = replace(entry.record.state, oom_killed=True)
            self._catalog.note(entry, replace(entry.record, state=state))
            self._announcements.publish(entry.record, "oom")
