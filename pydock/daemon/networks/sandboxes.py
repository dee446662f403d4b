"""A container's network from its start to its end: namespace, addresses, ports, names, files.

Called by the containers service, which holds the container's lock around each call and keeps in its
record what comes back.  `Networks` (service.py) owns the networks themselves.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace

from pydock.daemon.events import Events
from pydock.daemon.networks.attachments import Attachments, LiveSandbox
from pydock.daemon.networks.reconnection import Reconnection
from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings, Reserved, Sandbox
from pydock.daemon.networks.validation import Validation
from pydock.daemon.offload import offload
from pydock.errors import Conflict, NotFound, PydockError, StepFailed, System, words_of

_SHARED = "container:"
_HOST = "/proc/self/ns/net"


class Sandboxes:
    """Starts, changes and ends the network of containers."""

    def __init__(
        self, attachments: Attachments, reconnection: Reconnection, validation: Validation, events: Events
    ) -> None:
        self._attachments = attachments
        self._reconnection = reconnection
        self._validation = validation
        self._events = events
        self._live: dict[str, LiveSandbox] = {}
        self._settled = asyncio.Event()

    def validate(self, container: ContainerNetwork) -> ContainerNetwork:
        """Check what a create asks for and give it back as it should be recorded.

        Fills `endpoints` from the mode (default becomes bridge), resolves network ids where the network exists, and
        raises InvalidParameter, NotFound or Conflict in Docker's words.
        """
        return self._validation.validate(container)

    async def start(self, container: ContainerNetwork) -> Sandbox:
        """Make the network of `container`, or raise with nothing left.

        For mode ``container:ID`` the other container must run; its namespace and files are shared.
        """
        await self._settled.wait()  # what is new must not be taken for what a dead container left
        if container.mode.startswith(_SHARED) and not container.disabled:
            return self._share(container)
        self._validation.check_links(container)
        try:
            live = await offload(self._attachments.make, container)
        except PydockError as error:
            raise _explained(error) from error
        except OSError as error:
            raise System(f"failed to set up container networking: {words_of(error)}") from error
        self._live[container.id] = live
        for place in live.places.values():
            self._tell("connect", container.id, place.network.record.id, place.name, place.network.record.driver)
        held, relay = self._attachments.take_reserved(live)
        netns = os.dup(live.space.descriptor) if live.space else -1
        return replace(self._shown(live), netns=netns, held=held, relay=relay)

    async def stop(self, container_id: str) -> None:
        """End the network of a container: ports, names, addresses, namespace.  Nothing to do is no error."""
        live = self._live.pop(container_id, None)
        if live is None or live.owner:
            return
        try:
            await offload(self._attachments.end, live)
        finally:
            for place in live.places.values():
                self._tell("disconnect", container_id, place.network.record.id, place.name, place.network.record.driver)

    async def adopt(self, container: ContainerNetwork, sandbox: Sandbox, init_pid: int) -> Sandbox:
        """Take over a container that outlived the daemon, as its record has it; rules and names are made whole."""
        if container.mode.startswith(_SHARED):
            self._live[container.id] = LiveSandbox(
                container, sandbox.id, sandbox.key, owner=container.mode.removeprefix(_SHARED)
            )
            return sandbox
        live = await offload(self._attachments.adopt, container, sandbox, init_pid)
        self._live[container.id] = live
        return self._shown(live)

    async def connect(
        self, container: ContainerNetwork, network: str, settings: EndpointSettings
    ) -> tuple[str, EndpointSettings]:
        """Add a network (by name or id): at once where the container runs, else only checked.

        Returns the network's name and the settings to record.
        """
        live = self._live.get(container.id)
        name, settings = self._validation.check_connect(container, network, settings, running=live is not None)
        if live is None:
            return name, settings
        place = await offload(self._reconnection.connect, live, name, settings)
        self._tell("connect", container.id, place.network.record.id, place.name, place.network.record.driver)
        return place.name, place.settings

    async def disconnect(self, container: ContainerNetwork, network: str, force: bool = False) -> str:
        """Take a network away; returns its name, the key to drop from the record."""
        live = self._live.get(container.id)
        name = self._validation.check_disconnect(container, network, running=live is not None, force=force)
        place = live.places.get(name) if live else None
        if live and place:
            await offload(self._reconnection.disconnect, live, place)
            self._tell("disconnect", container.id, place.network.record.id, place.name, place.network.record.driver)
        return name

    def take_reserved(self, container_id: str) -> Reserved:
        """The ports that a connect or disconnect has published and that the container's shim is to keep."""
        live = self._live.get(container_id)
        return self._attachments.take_reserved(live) if live else Reserved()

    async def rename(self, container_id: str, name: str) -> Mapping[str, EndpointSettings]:
        """Let a running container's names follow its new name; returns its endpoints."""
        live = self._live.get(container_id)
        if live is None:
            raise NotFound(f"No such container: {container_id}")
        await offload(self._reconnection.rename, live, name)
        return live.endpoints

    async def settle(self) -> None:
        """At start-up, when every container that lives was adopted: drop what others left."""
        await offload(self._attachments.settle, list(self._live.values()))
        self._settled.set()

    def any_live(self) -> bool:
        """Whether a container runs."""
        return bool(self._live)

    def current(self, container_id: str) -> Sandbox | None:
        """The sandbox of a running container as it should be recorded."""
        live = self._live.get(container_id)
        return self._shown(live) if live else None

    def _share(self, container: ContainerNetwork) -> Sandbox:
        owner = container.mode.removeprefix(_SHARED)
        while (other := self._live.get(owner)) is not None and other.owner:
            owner = other.owner
        if other is None:
            raise Conflict(f"cannot join network namespace of a non running container: {owner}")
        self._live[container.id] = LiveSandbox(container, "", owner=owner)
        # where that is the host's, it is to be joined all the same: nobody else would know that it is
        netns = os.dup(other.space.descriptor) if other.space else os.open(_HOST, os.O_RDONLY | os.O_CLOEXEC)
        return replace(self._with_files(other, Sandbox()), netns=netns)

    def _shown(self, live: LiveSandbox) -> Sandbox:
        if live.owner:
            owner = self._live.get(live.owner)
            return self._with_files(owner, Sandbox()) if owner else Sandbox()
        sandbox = Sandbox(
            id=live.id,
            key=live.key,
            endpoints=live.endpoints,
            ports=dict(live.publication.ports),
            leads=self._attachments.leads(live),
        )
        return self._with_files(live, sandbox)

    def _with_files(self, live: LiveSandbox, sandbox: Sandbox) -> Sandbox:
        paths = self._attachments.files_of(live.container)
        return replace(
            sandbox, hosts_path=paths.hosts, hostname_path=paths.hostname, resolv_conf_path=paths.resolv_conf
        )

    def _tell(self, action: str, container_id: str, network_id: str, name: str, driver: str) -> None:
        attributes = {"container": container_id, "name": name, "type": driver}
        self._events.publish("network", action, network_id, attributes)


def _explained(error: PydockError) -> PydockError:
    """The same kind of error with Docker's introduction."""
    message = f"failed to set up container networking: {error.message}"
    return System(message) if isinstance(error, StepFailed) else type(error)(message)
