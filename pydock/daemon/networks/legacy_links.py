"""Links of containers on the default bridge, which has no names: lines in /etc/hosts.

`Validation` calls it before a start, `attachments` in it.
"""

from pydock.daemon.networks.live import Endpoint, Registry
from pydock.daemon.networks.names import links_of
from pydock.daemon.networks.settings import ContainerNetwork
from pydock.errors import System
from pydock.network.hosts_file import Record

_BRIDGE = "bridge"


def records(registry: Registry, container: ContainerNetwork) -> list[Record]:
    """The lines; System in Docker's words where a container that is linked to is not there."""
    bridge = registry.get(_BRIDGE)
    if not container.links or not bridge or _BRIDGE not in container.endpoints:
        return []
    on_bridge = {one.container_name: one for one in bridge.endpoints()}
    found = []
    for alias, name in links_of(container.links).items():
        linked = on_bridge.get(name)
        if linked is None:
            raise _refusal(registry, container, alias, name)
        names = " ".join(dict.fromkeys((alias, linked.hostname or linked.container_id[:12], name)))
        addresses = [one.partition("/")[0] for one in (linked.ipv4, linked.ipv6) if one]
        found += [Record(address, names) for address in addresses]
    return found


def _refusal(registry: Registry, container: ContainerNetwork, alias: str, name: str) -> System:
    elsewhere = _elsewhere(registry, name)
    if elsewhere:
        return System(f"container {elsewhere.container_id} not attached to default bridge network")
    own = container.name.removeprefix("/")
    return System(f"Cannot link to a non running container: /{name} AS /{own}/{alias}")


def _elsewhere(registry: Registry, name: str) -> Endpoint | None:
    """A running container's place on any network."""
    endpoints = (one for network in registry for one in network.endpoints())
    return next((one for one in endpoints if one.container_name == name), None)
