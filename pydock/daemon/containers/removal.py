"""The end of a container as an object: its record, writable layer, files and anonymous volumes go.

`lifecycle.remove` calls it for users, the afterlife for containers that remove themselves.
"""

import asyncio
from dataclasses import replace

from pydock import durable
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.attachments import Attachments
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.execs import Execs
from pydock.daemon.containers.launcher import Launcher
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.containers.waiters import Outcome, Waiters
from pydock.daemon.offload import offload
from pydock.daemon.state import layers as layer_table
from pydock.daemon.volumes.service import Volumes
from pydock.errors import Conflict
from pydock.imagestore.snapshots import Snapshots


class Leftovers:
    """What a container has outside of the index."""

    def __init__(self, snapshots: Snapshots, volumes: Volumes, launcher: Launcher) -> None:
        self._snapshots = snapshots
        self._volumes = volumes
        self._launcher = launcher

    async def remove(self, record: Container, volumes: bool) -> None:
        """Remove it; `volumes`: the anonymous volumes too."""
        names = [point.name for point in record.mounts if point.kind == "volume"]
        anonymous = [point.name for point in record.mounts if point.anonymous] if volumes else []
        # side by side: each may have to wait for the disk
        files = [
            offload(self._launcher.clear, record.id),
            offload(self._snapshots.remove, record.id, enter=False),
            offload(durable.discard, record.directory),
        ]
        try:
            if names:
                await self._volumes.unrefer(record.id, anonymous)
        finally:
            await asyncio.wait(files)
        for done in files:
            done.result()


class Remover:
    """Removes containers that do not run, whose lock the caller holds."""

    def __init__(
        self,
        catalog: Catalog,
        announcements: Announcements,
        attachments: Attachments,
        execs: Execs,
        waiters: Waiters,
        leftovers: Leftovers,
    ) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._attachments = attachments
        self._execs = execs
        self._waiters = waiters
        self._leftovers = leftovers

    async def remove(self, entry: Entry, volumes: bool = True) -> None:
        """Remove the container: from the index first, from the disk after."""
        record = entry.record
        if record.state.status is Status.REMOVING:
            raise Conflict(f"removal of container {record.id} is already in progress")
        await self._catalog.remove(entry, lambda connection: layer_table.delete_snapshot(connection, entry.id))
        entry.record = replace(record, state=replace(record.state, status=Status.REMOVING))
        self._attachments.drop(entry.id)
        self._execs.forget(entry.id)
        try:
            await self._leftovers.remove(record, volumes)
        finally:  # what could not be deleted goes at the daemon's next start
            self._announcements.publish(record, "destroy")
            self._waiters.tell_removal(entry.id, Outcome(record.state.exit_code))
