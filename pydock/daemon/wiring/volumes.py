"""Joins the volumes service to its local driver and its routes."""

from dataclasses import dataclass

from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.routes import volumes as volume_routes
from pydock.daemon.state.volumes import STEPS
from pydock.daemon.volumes.local_driver import LocalDriver
from pydock.daemon.volumes.service import Volumes

__all__ = ["PRELOAD", "STEPS", "VolumeServices", "build", "restore", "routes"]

PRELOAD = ("pydock.worker.copy_up", "pydock.worker.volume_trees")


@dataclass(frozen=True, slots=True)
class VolumeServices:
    """The services of this area."""

    volumes: Volumes


def build(core: Core) -> VolumeServices:
    """Construct them."""
    driver = LocalDriver(core.data_root / "volumes", core.exec_root / "volumes", core.jobs)
    return VolumeServices(Volumes(core.database, core.events, driver))


def routes(services: VolumeServices) -> list[Route]:
    """The endpoints of this area."""
    return volume_routes.routes(services.volumes)


async def restore(services: VolumeServices) -> None:
    """Read the index and clean up what a crash left; before the containers refer to their volumes."""
    await services.volumes.restore()
