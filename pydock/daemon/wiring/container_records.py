"""Joins the services that make, show and change containers' records to their routes: a part of containers."""

from dataclasses import dataclass

from pydock.daemon.containers.image_users import ContainerImages
from pydock.daemon.containers.inspect import Inspection
from pydock.daemon.containers.listing import Listing
from pydock.daemon.containers.prune import Pruning
from pydock.daemon.containers.rename import Renaming
from pydock.daemon.containers.update import Updates
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.images.service import Images
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.routes import containers as container_routes
from pydock.daemon.wiring.containers import ContainerServices
from pydock.imagestore import images as store
from pydock.imagestore.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class RecordServices:
    """The services of this part; ``users`` is what the image services ask."""

    listing: Listing
    inspection: Inspection
    updates: Updates
    renaming: Renaming
    pruning: Pruning
    users: ContainerImages


def build(
    core: Core,
    containers: ContainerServices,
    images: Images,
    stored: store.Images,
    snapshots: Snapshots,
    sandboxes: Sandboxes,
) -> RecordServices:
    """Construct them."""
    catalog, life = containers.catalog, containers.life
    return RecordServices(
        listing=Listing(catalog, images, stored, snapshots),
        inspection=Inspection(core.config, catalog, images, snapshots, life.table),
        updates=Updates(catalog, life.announcements),
        renaming=Renaming(catalog, sandboxes, life.announcements),
        pruning=Pruning(catalog, life.lifecycle, snapshots, core.events),
        users=ContainerImages(catalog, snapshots, life.announcements),
    )


def routes(containers: ContainerServices, records: RecordServices) -> list[Route]:
    """The endpoints of this part."""
    return container_routes.routes(
        containers.creation,
        records.listing,
        records.inspection,
        records.updates,
        records.renaming,
        records.pruning,
    )
