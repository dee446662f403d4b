"""Joins the services that talk to registries to the image store; a part of the images' wiring."""

from dataclasses import dataclass

from pydock.daemon.core import Core
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.images.pull import Pulls
from pydock.daemon.images.push import Pushes
from pydock.daemon.images.registries import Registries
from pydock.daemon.images.service import Images
from pydock.daemon.routes import registry as registry_routes
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.pull import Puller
from pydock.imagestore.registry.push import Pusher
from pydock.imagestore.registry.store import Store


@dataclass(frozen=True, slots=True)
class RegistryServices:
    """The services of this part."""

    pulls: Pulls
    pushes: Pushes
    queries: Registries
    puller: Puller
    pusher: Pusher

    def reload(self, options: RegistryOptions) -> None:
        """Take over what a reload changes."""
        for one in (self.queries, self.puller, self.pusher):
            one.reload(options)


def build(core: Core, store: Store, images: Images) -> RegistryServices:
    """Construct them."""
    options = core.config.registry
    puller, pusher = Puller(store, options), Pusher(store, options)
    return RegistryServices(
        pulls=Pulls(puller, images, core.events),
        pushes=Pushes(pusher, images, core.events),
        queries=Registries(options),
        puller=puller,
        pusher=pusher,
    )


def routes(services: RegistryServices, import_image: Handler) -> list[Route]:
    """The endpoints of this part; `import_image` is the other half of ``POST /images/create``."""
    return registry_routes.routes(services.pulls, services.pushes, services.queries, import_image)
