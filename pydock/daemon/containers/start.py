"""A container's start, as a recipe: provide, launch, wait until the program runs, record.

`lifecycle` and the restart policy call it with the container's lock held.  What fails undoes all that was done.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

from pydock.daemon.containers import failures, links
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.attachments import Attachments
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.host_names import as_the_owner_has_it
from pydock.daemon.containers.launcher import Launcher
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.provisions import Provisions
from pydock.daemon.containers.record import Container, State, Status
from pydock.daemon.containers.restart_policy import Policy
from pydock.daemon.offload import offload
from pydock.errors import PydockError
from pydock.runtime import cgroups
from pydock.runtime.messages import Started

_log = logging.getLogger(__name__)

#: told of each container that runs from now on
Watch = Callable[[Entry, LiveContainer], None]


class Starter:
    """Starts containers whose lock the caller holds."""

    def __init__(
        self,
        catalog: Catalog,
        announcements: Announcements,
        provisions: Provisions,
        launcher: Launcher,
        attachments: Attachments,
        watch: Watch,
    ) -> None:
        self._catalog = catalog
        self._announcements = announcements
        self._provisions = provisions
        self._launcher = launcher
        self._attachments = attachments
        self._watch = watch

    async def start(self, entry: Entry, restart_count: int = 0) -> None:
        """Bring the container to life, or record why that failed and raise it in Docker's words."""
        async with entry.layer.alone():
            await self._begin(entry, restart_count)

    async def _begin(self, entry: Entry, restart_count: int) -> None:
        priming = offload(cgroups.prime)
        try:
            started, record, live = await self._start(entry)
        except Exception as error:
            told, code = failures.of_start(error)
            await self._fail(entry, told, code)
            raise told from error
        finally:
            await priming
        entry.live = live
        state = State(
            status=Status.RUNNING,
            pid=started.init_pid,
            started_at=started.started_at,
            finished_at=record.state.finished_at,
            restart_count=restart_count,
        )
        for warning in started.warnings:  # an answer to a start has no room for them
            _log.warning("Container %s: %s", entry.id, warning)
        revives = _revives(record)
        running = replace(record, state=state, warnings=tuple(started.warnings))
        noted = self._catalog.note(entry, running, durable=revives)
        self._announcements.publish(entry.record, "start")
        self._watch(entry, live)
        for client in self._attachments.give_away(entry.id):  # they came while it was being started
            with contextlib.suppress(OSError, PydockError):
                await live.attach(client.descriptor, client.stream)
        if revives:
            with contextlib.suppress(PydockError):  # the catalog has told of it, and the container runs
                await asyncio.wrap_future(noted)

    async def _start(self, entry: Entry) -> tuple[Started, Container, LiveContainer]:
        """What the shim tells of the start, the record with its network, and the handle."""
        record = as_the_owner_has_it(entry.record, self._catalog)
        async with AsyncExitStack() as undo:
            outline = self._provisions.outline(record)
            # a mount that is made when the container's own namespace is there already need not be seen in it
            beside = not await self._provisions.mounts(record)
            summoned = self._launcher.summon(record, outline, undo) if beside else None  # born while the rest is made
            provision = await self._provisions.make(record, outline, undo)
            summoned = summoned or self._launcher.summon(record, outline, undo)
            sandbox = provision.sandbox
            record = replace(record, sandbox=sandbox.to_record(), endpoints=sandbox.endpoints)
            # what the shim is about to hold must be found again where the daemon dies before it hears of the start
            noted = self._catalog.note(entry, record)
            await links.tell_address(self._catalog, record)
            shim = await summoned
            clients = self._attachments.give_away(record.id)
            live = await self._launcher.launch(record, provision, shim, clients, noted)
            undo.push_async_callback(offload, self._launcher.bury, record)
            undo.callback(live.close)
            started = await live.started()
            undo.pop_all()
        provision.close()
        return started, record, live

    async def _fail(self, entry: Entry, error: PydockError, code: int) -> None:
        """Keep the reason, and let go those who wait for output that will never come."""
        self._attachments.drop(entry.id)
        await offload(self._launcher.clear, entry.id)
        status = entry.record.state.status
        state = replace(
            entry.record.state,
            status=Status.EXITED if status == Status.RESTARTING else status,
            pid=0,
            exit_code=code if code != failures.UNKNOWN else entry.record.state.exit_code or code,
            error=error.message,
        )
        endpoints = {name: endpoint.without_state() for name, endpoint in entry.record.endpoints.items()}
        with contextlib.suppress(PydockError):  # the reason of the start matters more
            await self._catalog.save(entry, replace(entry.record, state=state, sandbox=None, endpoints=endpoints))


def _revives(record: Container) -> bool:
    """Whether this start is why the container starts again after a power cut, which must not make it forgotten."""
    return Policy.of(record) != Policy() and record.state.status is not Status.RESTARTING
