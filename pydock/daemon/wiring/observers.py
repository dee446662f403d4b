"""Joins what looks into containers: logs, statistics, top, the archive API."""

from dataclasses import dataclass

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.archive import Archive
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.logs import Logs
from pydock.daemon.containers.stats import Statistics
from pydock.daemon.containers.top import Top
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.routes import container_io
from pydock.daemon.volumes.service import Volumes
from pydock.imagestore.snapshots import Snapshots
from pydock.worker.container_files import ContainerFiles

PRELOAD = ("pydock.runtime.host_ps",)


@dataclass(frozen=True, slots=True)
class Observers:
    """The services of this area."""

    catalog: Catalog
    logs: Logs
    statistics: Statistics
    top: Top
    archive: Archive


def build(core: Core, catalog: Catalog, snapshots: Snapshots, volumes: Volumes) -> Observers:
    """Construct them."""
    announcements = Announcements(core.events)
    return Observers(
        catalog=catalog,
        logs=Logs(),
        statistics=Statistics(catalog),
        top=Top(core.jobs, announcements),
        archive=Archive(ContainerFiles(core.jobs), snapshots, volumes, announcements),
    )


def routes(services: Observers) -> list[Route]:
    """The endpoints of this area."""
    return container_io.routes(services.catalog, services.logs, services.statistics, services.top, services.archive)
