"""Joins the image store to the services of images and registries, and those to their routes."""

from collections.abc import Collection
from dataclasses import dataclass

from pydock.daemon.core import Core
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response
from pydock.daemon.http.router import Route
from pydock.daemon.images.loading import Loads
from pydock.daemon.images.removal import Removal
from pydock.daemon.images.saving import Saves
from pydock.daemon.images.service import Images
from pydock.daemon.images.users import LateUsers
from pydock.daemon.offload import offload
from pydock.daemon.routes import images as image_routes
from pydock.daemon.state import images as image_tables
from pydock.daemon.state import layers as layer_tables
from pydock.daemon.wiring import registries
from pydock.errors import Unsupported
from pydock.imagestore import gc
from pydock.imagestore import images as store
from pydock.imagestore.blobs import Blobs
from pydock.imagestore.layers import Layers
from pydock.imagestore.registry import pull
from pydock.imagestore.snapshots import Snapshots
from pydock.imagestore.tags import Tags

STEPS = (*layer_tables.STEPS, *image_tables.STEPS)
PRELOAD = ("pydock.worker.unpack", "pydock.worker.assemble")


@dataclass(frozen=True, slots=True)
class Store:
    """The image store."""

    blobs: Blobs
    layers: Layers
    tags: Tags
    images: store.Images
    snapshots: Snapshots


@dataclass(frozen=True, slots=True)
class ImageServices:
    """The services of this area; ``users`` waits for the containers, which main joins."""

    store: Store
    users: LateUsers
    catalog: Images
    removal: Removal
    loads: Loads
    registries: registries.RegistryServices
    saves: Saves


def build(core: Core) -> ImageServices:
    """Construct them; reads the index."""
    kept = open_store(core)
    users = LateUsers()
    catalog = Images(kept.images, kept.tags, kept.layers, core.events, users)
    return ImageServices(
        store=kept,
        users=users,
        catalog=catalog,
        removal=Removal(catalog, kept.images, kept.tags, core.events, users),
        loads=Loads(catalog, kept.images, kept.tags, kept.layers),
        registries=registries.build(core, pull.Store(kept.blobs, kept.layers, kept.images, kept.tags), catalog),
        saves=Saves(catalog, kept.images, kept.tags, kept.layers),
    )


def open_store(core: Core) -> Store:
    """The image store with its index."""
    layer_index, image_index = layer_tables.LayerIndex(core.database), image_tables.ImageIndex(core.database)
    blobs = Blobs(core.data_root)
    layers = Layers(core.data_root, blobs, layer_index, core.jobs)
    tags = Tags(image_index)
    images = store.Images(image_index, layers, tags)
    snapshots = Snapshots(core.data_root, layers, layer_tables.SnapshotIndex(core.database), core.jobs)
    return Store(blobs, layers, tags, images, snapshots)


def routes(services: ImageServices) -> list[Route]:
    """The endpoints of this area."""
    return [
        *image_routes.routes(services.catalog, services.removal, services.loads, services.saves),
        *registries.routes(services.registries, _no_import),
    ]


async def _no_import(request: Request) -> Response | None:
    raise Unsupported("import is not implemented")


async def restore(core: Core, services: ImageServices, containers: Collection[str]) -> None:
    """Delete what a crash left, and the writable layers of containers that are not in `containers`."""
    kept = services.store
    await offload(gc.recover, core.data_root, kept.blobs, kept.layers, kept.images, kept.snapshots, containers)
