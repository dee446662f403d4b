"""Changes to the network of a container while it runs: connect, disconnect, another name.  Blocking.

Called by `Sandboxes` off the event loop, under the container's lock.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydock.daemon.networks import endpoints
from pydock.daemon.networks.attachments import (
    Attachments,
    LiveSandbox,
    announce,
    endpoint_of,
    hosts_records,
    with_names,
)
from pydock.daemon.networks.endpoints import Place
from pydock.daemon.networks.ground import Ground
from pydock.daemon.networks.live import Registry
from pydock.daemon.networks.settings import EndpointSettings
from pydock.errors import System, words_of
from pydock.network import hosts_file, interfaces

log = logging.getLogger("pydock")


class Reconnection:
    """Connects, disconnects, renames."""

    def __init__(self, registry: Registry, ground: Ground, attachments: Attachments) -> None:
        self._registry = registry
        self._ground = ground
        self._attachments = attachments

    def connect(self, live: LiveSandbox, name: str, settings: EndpointSettings) -> Place:
        """Put a running container on one more network; where that fails all is as it was."""
        if live.space is None:
            raise System(f"container {live.container.id} has no network namespace of its own")
        network = self._registry.find(name)
        container = live.container
        taken = interfaces.names(live.space)
        with ExitStack() as undo:
            network.join(container.id)
            undo.callback(network.leave, container.id)
            place = endpoints.allocate(network, settings, taken, ipv6=container.ipv6)
            undo.callback(endpoints.release, place)
            undo.callback(self._attachments.refresh, live)
            place = replace(place, settings=with_names(place, container))
            if place.port:
                self._ground.host.attach(live.space, [place.port])
                undo.callback(interfaces.detach, live.space, place.port.name)
                announce(self._ground, live.space, place)
            live.places[name] = place
            undo.callback(live.places.pop, name)
            network.add(endpoint_of(place, container))
            if not live.publication.held:
                undo.callback(self._attachments.withdraw, live)
                self._attachments.publish(live)
            self._attachments.refresh(live)
            hosts_file.add(self._hosts(live), hosts_records(container, place))
            undo.pop_all()
        return place

    def disconnect(self, live: LiveSandbox, place: Place) -> None:
        """Take a running container off a network; what then fails is logged, as it has left all the same."""
        live.places.pop(place.name, None)
        with ExitStack() as stack:
            stack.callback(self._attachments.leave, live.container.id, place)
            if place.port and live.space:
                interfaces.detach(live.space, place.port.name)
            records = hosts_records(live.container, place)
            self._follow(live, partial(hosts_file.remove, self._hosts(live), records))
            # the way out may have led past the ports, and may now lead by a bridge
            self._follow(live, partial(self._attachments.publish, live))
            self._follow(live, partial(self._attachments.refresh, live))

    def _follow(self, live: LiveSandbox, change: Callable[[], None]) -> None:
        try:
            change()
        except System as error:
            log.warning("%s", error.message)
        except OSError as error:
            log.warning("container %s has left a network: %s", live.container.id, words_of(error))

    def _hosts(self, live: LiveSandbox) -> Path:
        return Path(self._attachments.files_of(live.container).hosts)

    def rename(self, live: LiveSandbox, name: str) -> None:
        """Let the names of a running container follow its new name."""
        live.container = replace(live.container, name=name)
        for key, place in list(live.places.items()):
            renamed = replace(place, settings=with_names(place, live.container))
            live.places[key] = renamed
            place.network.add(endpoint_of(renamed, live.container))
        self._attachments.refresh_names(live)
