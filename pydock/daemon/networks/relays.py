"""Where the held ports of running containers lead, told to the relays that carry what the kernel cannot translate.

Connections to ::1, and by IPv6 to a container that has only IPv4, reach the held socket itself; so do all where
somebody has flushed the packet filter, or the engine is to leave it alone.  Called by `attachments`; blocking.
"""

from collections.abc import Collection
from pathlib import Path

from pydock import durable
from pydock.daemon.networks.publishing import Publication, Target, split_port
from pydock.runtime.relay import targets


class Relays:
    """One file a container, in `directory`; None: no port is relayed (``userland-proxy`` off)."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        if directory:
            directory.mkdir(mode=0o700, exist_ok=True)

    def path(self, container_id: str, made: Publication) -> str:
        """The file of a container that holds ports, else ""."""
        return str(self._directory / container_id) if self._directory and made.held else ""

    def write(self, container_id: str, made: Publication, target: Target) -> None:
        """Lead all that the container holds to `target`, in the version of the host's address where that can be."""
        if path := self.path(container_id, made):
            found = []
            for port, held in made.held_by_port():
                for host in held.hosts:
                    address = target.addresses.get(host.version) or next(iter(target.addresses.values()), None)
                    if address:
                        number = split_port(port)[0]
                        found.append(targets.Target(held.protocol, str(host), held.port, str(address), number))
            targets.write(path, found)

    def remove(self, container_id: str) -> None:
        """The container holds nothing any more."""
        if self._directory:
            durable.discard(self._directory / container_id)

    def retain(self, container_ids: Collection[str]) -> None:
        """After a crash: remove all other files."""
        for path in self._directory.iterdir() if self._directory else ():
            if path.name not in container_ids:
                durable.discard(path)
