"""Joins the image store to the services of images and registries, and those to their routes."""

from collections.abc import Collection
from dataclasses import dataclass

from pydock.daemon.config import Config
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.images.committing import Commits
from pydock.daemon.images.importing import Imports
from pydock.daemon.images.loading import Loads
from pydock.daemon.images.removal import Removal
from pydock.daemon.images.saving import Saves
from pydock.daemon.images.service import Images
from pydock.daemon.images.users import LateUsers
from pydock.daemon.offload import offload
from pydock.daemon.routes import image_making
from pydock.daemon.routes import images as image_routes
from pydock.daemon.state import images as image_tables
from pydock.daemon.state import layers as layer_tables
from pydock.daemon.wiring import registries
from pydock.imagestore import gc
from pydock.imagestore import images as store
from pydock.imagestore.blobs import Blobs
from pydock.imagestore.layers import Layers
from pydock.imagestore.registry.store import Store as RegistryStore
from pydock.imagestore.snapshots import Snapshots
from pydock.imagestore.tags import Tags
from pydock.imagestore.url_source import UrlSource

STEPS = (*layer_tables.STEPS, *image_tables.STEPS)
_JOBS = ("unpack", "assemble", "init_layer", "pack", "archive", "changes", "directory")
PRELOAD = tuple(f"pydock.worker.{name}" for name in _JOBS)


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
    imports: Imports
    commits: Commits
    urls: UrlSource


def build(core: Core) -> ImageServices:
    """Construct them; reads the index."""
    kept = open_store(core)
    users = LateUsers()
    urls = UrlSource(core.config.registry)
    catalog = Images(kept.images, kept.tags, kept.layers, core.events, users)
    return ImageServices(
        store=kept,
        users=users,
        catalog=catalog,
        removal=Removal(catalog, kept.images, kept.tags, core.events, users),
        loads=Loads(catalog, kept.images, kept.tags, kept.layers),
        registries=registries.build(core, RegistryStore(kept.blobs, kept.layers, kept.images, kept.tags), catalog),
        saves=Saves(catalog, kept.images, kept.tags, kept.layers),
        imports=Imports(catalog, kept.images, kept.layers, urls),
        commits=Commits(catalog, kept.images, kept.layers, core.events, users),
        urls=urls,
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
        *registries.routes(services.registries, image_making.importing(services.imports)),
        image_making.commit(services.commits),
    ]


def reload(services: ImageServices, config: Config) -> None:
    """Take over what a reload changes."""
    services.registries.reload(config.registry)
    services.urls.reload(config.registry)


async def restore(core: Core, services: ImageServices, containers: Collection[str]) -> None:
    """Delete what a crash left, and the writable layers of containers that are not in `containers`."""
    kept = services.store
    await offload(gc.recover, core.data_root, kept.layers, kept.snapshots, containers)
