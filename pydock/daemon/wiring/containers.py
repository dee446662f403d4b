"""Joins the services of containers: the catalog and create, the life from start to removal.

Logs, statistics and the like are joined by `observers`.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace

from pydock.daemon.config import Config
from pydock.daemon.containers import service
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.confinement import Confinement
from pydock.daemon.containers.create import Creation, ImageStore
from pydock.daemon.containers.lifecycle import StopOptions
from pydock.daemon.containers.service import ContainerLife, Surroundings
from pydock.daemon.containers.spec_builder import CGROUP_PARENT, SpecBuilder
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.images.service import Images
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.offload import offload
from pydock.daemon.routes import container_life
from pydock.daemon.routes import exec as exec_routes
from pydock.daemon.state.containers import STEPS
from pydock.daemon.volumes.service import Volumes
from pydock.errors import PydockError
from pydock.imagestore.snapshots import Snapshots
from pydock.runtime.cgroups import remove_empty

__all__ = ["PRELOAD", "STEPS", "ContainerServices", "build", "close", "reload", "restore", "routes", "stop_all"]

PRELOAD = ("pydock.runtime.apparmor_profile",)


@dataclass(frozen=True, slots=True)
class ContainerServices:
    """The services of this area."""

    catalog: Catalog
    creation: Creation
    life: ContainerLife
    confinement: Confinement


def build(
    core: Core, images: Images, snapshots: Snapshots, volumes: Volumes, sandboxes: Sandboxes
) -> ContainerServices:
    """Construct them; reads the index."""
    defaults = core.config.containers
    catalog = Catalog(core.database, core.data_root / "containers")
    catalog.load()
    confinement = Confinement(core.jobs)
    specs = SpecBuilder(core.exec_root, defaults, confinement.profile)
    return ContainerServices(
        catalog=catalog,
        creation=Creation(defaults, catalog, ImageStore(images, snapshots), volumes, sandboxes, core.events),
        life=service.build(core, catalog, specs, Surroundings(sandboxes, volumes, snapshots)),
        confinement=confinement,
    )


def routes(services: ContainerServices) -> list[Route]:
    """The endpoints of this area."""
    catalog, life = services.catalog, services.life
    return [
        *exec_routes.routes(catalog, life.execs),
        *container_life.routes(catalog, life.lifecycle, life.attacher),
    ]


async def restore(services: ContainerServices, live_restore: bool) -> None:
    """Find what runs again, and start what shall run; after images, networks and volumes.

    Without `live_restore` nothing was to outlive a daemon that was killed.
    """
    await services.life.recovery.recover()
    if not live_restore:
        await stop_all(services)
    await offload(services.confinement.prepare)
    await services.life.autostart.sweep()
    services.life.autostart.begin()


async def started(services: ContainerServices) -> None:
    """Wait for the containers that start with the daemon; after networks were settled, which starts wait for."""
    await services.life.autostart.wait()


def reload(services: ContainerServices, config: Config) -> None:
    """Take over what a reload changes."""
    services.creation.reload(config.containers)


async def stop_all(services: ContainerServices, timeout: int | None = None) -> None:
    """Stop every container, as a daemon without live-restore does at its end; their restart policies still hold.

    `timeout` in seconds, None for each container's own.
    """

    async def stop(entry: Entry) -> None:
        before = entry.record.state
        with contextlib.suppress(PydockError):
            await services.life.lifecycle.stop(entry, StopOptions(timeout=timeout))
            state = replace(entry.record.state, stopped_by_user=before.stopped_by_user, last_life=before.last_life)
            await services.catalog.save(entry, replace(entry.record, state=state))

    running = [entry for entry in services.catalog.all() if entry.record.state.status.is_running()]
    await asyncio.gather(*map(stop, running))


def close(services: ContainerServices, cgroup_parent: str) -> None:
    """The daemon ends; the control group that containers have in common goes with the last of them."""
    services.life.close()
    remove_empty(cgroup_parent or CGROUP_PARENT)
