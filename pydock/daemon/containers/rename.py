"""Gives a container another name.  Called by the routes."""

import contextlib
from dataclasses import replace

from pydock.daemon.containers import links, names
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.errors import Conflict, InvalidParameter, PydockError


class Renaming:
    """Renames containers."""

    def __init__(self, catalog: Catalog, sandboxes: Sandboxes, announcements: Announcements) -> None:
        self._catalog = catalog
        self._sandboxes = sandboxes
        self._announcements = announcements

    async def rename(self, reference: str, name: str) -> None:
        """Let the container be called `name`; the names that others find it by follow."""
        if not reference or not name:
            raise InvalidParameter("Neither old nor new names may be empty")
        entry = self._catalog.find(reference)
        async with entry.lock:
            old = entry.record.name
            if name.removeprefix("/") == old:
                raise InvalidParameter("Renaming a container with the same name as its current name")
            await self._rename(entry, name)
        await links.follow(self._catalog, old, entry.record.name)
        self._announcements.publish(entry.record, "rename", oldName=f"/{old}")

    async def _rename(self, entry: Entry, name: str) -> None:
        before = entry.record
        try:
            await self._catalog.save(entry, replace(before, name=names.check("/" + name.removeprefix("/"))))
        except (Conflict, InvalidParameter) as error:
            raise type(error)(f"Error when allocating new name: {error.message}") from error
        if not before.state.status.has_process():
            return
        try:
            endpoints = await self._sandboxes.rename(entry.id, entry.record.name)
        except (PydockError, OSError):
            await self._catalog.save(entry, before)
            with contextlib.suppress(PydockError, OSError):
                await self._sandboxes.rename(entry.id, before.name)
            raise
        if endpoints:
            await self._catalog.save(entry, replace(entry.record, endpoints=endpoints))
