"""A container's network from its start to its end: namespace, addresses, ports, names, files.

Called by the containers service, which holds the container's lock around each call and keeps in its
record what comes back.  `Networks` (service.py) owns the networks themselves.
"""

from collections.abc import Mapping

from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings, Sandbox


class Sandboxes:
    """Starts, changes and ends the network of containers."""

    def validate(self, container: ContainerNetwork) -> ContainerNetwork:
        """Check what a create asks for and give it back as it should be recorded.

        Fills `endpoints` from the mode (default becomes bridge), resolves network ids where the network exists, and
        raises InvalidParameter, NotFound or Conflict in Docker's words.
        """
        raise NotImplementedError

    async def start(self, container: ContainerNetwork) -> Sandbox:
        """Make the network of `container`, or raise with nothing left.

        For mode ``container:ID`` the other container must run; its namespace and files are shared.
        """
        raise NotImplementedError

    async def stop(self, container_id: str) -> None:
        """End the network of a container: ports, names, addresses, namespace.  Nothing to do is no error."""
        raise NotImplementedError

    async def adopt(self, container: ContainerNetwork, sandbox: Sandbox, init_pid: int) -> Sandbox:
        """Take over a container that outlived the daemon, as its record has it; rules and names are made whole."""
        raise NotImplementedError

    async def connect(
        self, container: ContainerNetwork, network: str, settings: EndpointSettings
    ) -> tuple[str, EndpointSettings]:
        """Add a network (by name or id): at once where the container runs, else only checked.

        Returns the network's name and the settings to record.
        """
        raise NotImplementedError

    async def disconnect(self, container: ContainerNetwork, network: str, force: bool = False) -> str:
        """Take a network away; returns its name, the key to drop from the record."""
        raise NotImplementedError

    async def rename(self, container_id: str, name: str) -> Mapping[str, EndpointSettings]:
        """Let a running container's names follow its new name; returns its endpoints."""
        raise NotImplementedError

    def current(self, container_id: str) -> Sandbox | None:
        """The live sandbox of a running container, as inspect shows it (no descriptors)."""
        raise NotImplementedError
