"""Joins the services of the engine itself: info, version, events, disk usage."""

import json
from dataclasses import dataclass
from typing import Any

from pydock.daemon.api.volumes import usage_json
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.listing import Listing, ListOptions
from pydock.daemon.containers.record import Status
from pydock.daemon.core import Core
from pydock.daemon.events import Events
from pydock.daemon.http.router import Route
from pydock.daemon.images.service import Images
from pydock.daemon.offload import offload
from pydock.daemon.routes import system
from pydock.daemon.system.engine import ContainerCounts, Engine
from pydock.daemon.system.usage import DiskUsage
from pydock.daemon.volumes.service import Volumes


@dataclass(frozen=True, slots=True)
class SystemServices:
    """What this area consists of."""

    engine: Engine
    events: Events
    usage: DiskUsage


@dataclass(frozen=True, slots=True)
class _Counts:
    """See `engine.Counts`."""

    catalog: Catalog
    store: Images

    def containers(self) -> ContainerCounts:
        """The containers by state, counted as Docker counts them."""
        states = [entry.record.state.status for entry in self.catalog.all()]
        paused = states.count(Status.PAUSED)
        running = states.count(Status.RUNNING) + states.count(Status.RESTARTING)
        return ContainerCounts(running, paused, len(states) - running - paused)

    def images(self) -> int:
        """The images."""
        return self.store.count()


def build(core: Core, catalog: Catalog, listing: Listing, images: Images, volumes: Volumes) -> SystemServices:
    """Make the services."""

    async def image_usage() -> dict[str, Any]:
        return await offload(images.disk_usage)

    async def container_usage() -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = json.loads(await listing.show(ListOptions({}, all=True, size=True)))
        return shown

    async def volume_usage() -> list[dict[str, Any]]:
        # as in Docker without those that driver options mount: what they take may be elsewhere
        return usage_json([entry for entry in await volumes.usage() if not entry[0].options])

    engine = Engine(core.config, core.events, _Counts(catalog, images))
    return SystemServices(engine, core.events, DiskUsage(image_usage, container_usage, volume_usage))


def routes(services: SystemServices) -> list[Route]:
    """The routes."""
    return system.routes(services.engine, services.events, services.usage)
