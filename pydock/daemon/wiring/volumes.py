"""Joins the volumes service to its local driver and its routes."""

from dataclasses import dataclass

from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.routes import volumes as volume_routes
from pydock.daemon.state.volumes import STEPS
from pydock.daemon.volumes.local_driver import LocalDriver
from pydock.daemon.volumes.pins import Pins
from pydock.daemon.volumes.pruning import Pruning
from pydock.daemon.volumes.service import Volumes

__all__ = ["PRELOAD", "STEPS", "VolumeServices", "build", "restore", "routes"]

PRELOAD = ("pydock.worker.copy_up", "pydock.worker.volume_trees")


@dataclass(frozen=True, slots=True)
class VolumeServices:
    """The services of this area."""

    volumes: Volumes
    pruning: Pruning


def build(core: Core) -> VolumeServices:
    """Construct them."""
    driver = LocalDriver(core.data_root / "volumes", core.jobs)
    volumes = Volumes(core.database, core.events, driver, Pins(core.exec_root / "volumes"))
    return VolumeServices(volumes, Pruning(volumes, core.events))


def routes(services: VolumeServices) -> list[Route]:
    """The endpoints of this area."""
    return volume_routes.routes(services.volumes, services.pruning)


async def restore(services: VolumeServices, catalog: Catalog) -> None:
    """Read the index, clean up what a crash left, and learn from the containers' records which volumes they need."""
    referring: list[tuple[str, str]] = []
    holding: list[tuple[str, str]] = []
    for entry in catalog.all():
        names = [(point.name, entry.id) for point in entry.record.mounts if point.kind == "volume"]
        referring += names
        if entry.record.state.status.has_process() or entry.record.sandbox is not None:
            holding += names
    await services.volumes.restore(referring, holding)
