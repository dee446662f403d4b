"""Joins the services that talk to registries to the image store; a part of the images' wiring."""

from dataclasses import dataclass

from pydock.daemon.core import Core
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.images.pull import Pulls
from pydock.daemon.images.service import Images
from pydock.daemon.routes import registry as registry_routes
from pydock.imagestore.registry.pull import Puller, Store


@dataclass(frozen=True, slots=True)
class RegistryServices:
    """The services of this part."""

    pulls: Pulls


def build(core: Core, store: Store, images: Images) -> RegistryServices:
    """Construct them."""
    puller = Puller(store, core.config.registry)
    return RegistryServices(Pulls(puller, images, core.events))


def routes(services: RegistryServices, import_image: Handler) -> list[Route]:
    """The endpoints of this part; `import_image` is the other half of ``POST /images/create``."""
    return [registry_routes.create_image(services.pulls, import_image)]
