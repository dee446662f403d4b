"""The making and ending of a container's network, in the calling thread: `Sandboxes` calls it off the event loop.

Whatever fails on the way leaves nothing: undo stands beside the doing.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydock import durable
from pydock.daemon.networks import endpoints, legacy_links, publishing
from pydock.daemon.networks.endpoints import Place
from pydock.daemon.networks.files import Files, NetworkFiles
from pydock.daemon.networks.ground import Ground
from pydock.daemon.networks.live import Endpoint, Registry
from pydock.daemon.networks.names import Names
from pydock.daemon.networks.names import wanted as names_wanted
from pydock.daemon.networks.publishing import Defaults, Publication, Target
from pydock.daemon.networks.record import ANNOUNCEMENTS, HOST_BINDING, TRUSTED
from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings, Reserved, Sandbox
from pydock.errors import System
from pydock.linux.rtnetlink import Address
from pydock.network import announcement, interfaces
from pydock.network.bridge import Port
from pydock.network.hosts_file import Record, own_records
from pydock.network.namespaces import Space
from pydock.network.resolv_conf import ForResolver


@dataclass(eq=False, slots=True)
class LiveSandbox:
    """The network of a container that runs.  ``space`` None: it has the host's, or another container's."""

    container: ContainerNetwork
    id: str
    key: str = ""
    space: Space | None = None
    places: dict[str, Place] = field(default_factory=dict)
    #: by network name, where the engine has no such network
    absent: dict[str, EndpointSettings] = field(default_factory=dict)
    publication: Publication = field(default_factory=Publication)
    #: what the embedded resolver was told, None where it does not answer in the container
    resolver: ForResolver | None = None
    #: the container whose network it shares
    owner: str = ""

    @property
    def endpoints(self) -> dict[str, EndpointSettings]:
        """By network name."""
        return {**self.absent, **{name: place.settings for name, place in self.places.items()}}


class Attachments:
    """Makes, changes and ends."""

    def __init__(
        self, registry: Registry, ground: Ground, files: Files, names: Names, keys: Path, defaults: Defaults
    ) -> None:
        """`keys` is the directory of the sandboxes' keys; `defaults` say how ports are published."""
        self._registry = registry
        self._names = names
        self._ground = ground
        self._files = files
        self._keys = keys
        self._defaults = defaults

    def make(self, container: ContainerNetwork) -> LiveSandbox:
        """A container's network with namespace, interfaces, ports and files; the sockets in it are to be closed."""
        live = LiveSandbox(container, secrets.token_hex(32))
        with ExitStack() as undo:
            self._join_networks(live, undo)
            if "host" in live.places:
                live.key = str(self._keys / "default")
                self._files.write_host(container, self._host_gateways())
                undo.pop_all()
                return live
            if any(place.port for place in live.places.values()):
                self._ground.passage.renew()
                self._ground.firewall.renew()
            live.space = self._ground.namespaces.take()
            undo.callback(live.space.close)
            self._ground.host.attach(live.space, with_gateways(live.places))
            for place in live.places.values():
                announce(self._ground, live.space, place)
            if not any(place.port for place in live.places.values()):
                live.space.allow_ipv6()  # for the interfaces that others may put there
            undo.callback(self.withdraw, live)
            self.publish(live)
            self._ground.relays.write(container.id, live.publication, self._leading(live))
            undo.callback(self._ground.relays.remove, container.id)
            self._write_files(live)
            if live.resolver:
                undo.callback(self._names.stop, container.id)
                self._names.start(container.id, live.places, live.resolver, live.space.descriptor)
            live.key = self._link_key(live.id, f"/proc/{os.getpid()}/fd/{live.space.descriptor}")
            undo.pop_all()
        return live

    def end(self, live: LiveSandbox) -> None:
        """Take everything back; the kernel removes the interfaces with the namespace."""
        with ExitStack() as stack:
            if live.resolver:
                stack.callback(self._names.stop, live.container.id)
            if live.space:
                stack.callback((self._keys / live.id[:12]).unlink, missing_ok=True)
                stack.callback(live.space.close)
                interfaces.silence(live.space, [place.port.name for place in live.places.values() if place.port])
            for place in live.places.values():
                stack.callback(self.leave, live.container.id, place)
            stack.callback(self._ground.relays.remove, live.container.id)
            stack.callback(publishing.withdraw, live.publication, self._ground.ports, self._ground.firewall)

    def adopt(self, container: ContainerNetwork, sandbox: Sandbox, init_pid: int) -> LiveSandbox:
        """The network of a container that outlived the daemon; its rules are made whole."""
        live = LiveSandbox(container, sandbox.id or secrets.token_hex(32))
        if "host" in sandbox.endpoints:
            live.key = str(self._keys / "default")
        else:
            live.space = self._ground.namespaces.open(f"/proc/{init_pid}/ns/net")
            live.key = self._link_key(live.id, f"/proc/{init_pid}/ns/net")
        found = interfaces.names_by_address(live.space) if live.space else {}
        joined = self._ground.host.joined(live.space) if live.space else {}
        for name, settings in sandbox.endpoints.items():
            network = self._registry.get(settings.network_id) or self._registry.get(name)
            if network is None:
                if name == "bridge":
                    live.absent[name] = settings
                continue  # removed by force while it ran
            is_bridge = network.record.driver == "bridge"
            if is_bridge and settings.mac_address not in found and network.record.bridge_name not in joined.values():
                continue  # the daemon died in the midst of a disconnect
            known_by = settings.mac_address or settings.ip_address or settings.global_ipv6_address
            place = endpoints.restored(network, settings, found.get(known_by, ""))
            # the daemon may have died in the midst of a rename
            place = replace(place, settings=with_names(place, container))
            live.places[network.record.name] = place
            network.add(endpoint_of(place, container))
        self._cut_off(live, joined)
        if live.space and names_wanted(live.places.values()):
            live.resolver = self._files.for_resolver(container)
            self._names.start(container.id, live.places, live.resolver, live.space.descriptor)
        target = self._leading(live)
        live.publication = publishing.adopt(sandbox.ports, target, self._ground.ports, self._ground.firewall)
        self._ground.relays.write(container.id, live.publication, target)
        return live

    def _cut_off(self, live: LiveSandbox, joined: Mapping[str, str]) -> None:
        """Take away interfaces on the engine's bridges where the daemon died in the midst of a connect."""
        ours = {network.record.bridge_name for network in self._registry if network.record.driver == "bridge"}
        ours -= {place.network.record.bridge_name for place in live.places.values()}
        for name, bridge in joined.items():
            if bridge in ours and live.space:
                interfaces.detach(live.space, name)

    def settle(self, alive: Sequence[LiveSandbox]) -> None:
        """Take back the rules, keys and names of containers that ended while no daemon ran."""
        rules = {rule for live in alive for rule in live.publication.rules}
        opened = {rule for live in alive for rule in live.publication.opened}
        self._ground.firewall.retain_ports(rules, opened)
        keys = {live.id[:12] for live in alive}
        for path in self._keys.iterdir():
            if path.name not in keys:
                durable.discard(path)
        self._ground.relays.retain({live.container.id for live in alive if live.publication.held})
        self._names.retain(live.container.id for live in alive if live.resolver)

    def leads(self, live: LiveSandbox) -> bool:
        """Whether ports lead to the container: it is on a bridge with a way out."""
        return self._target(live.places) is not None

    def take_reserved(self, live: LiveSandbox) -> Reserved:
        """The ports that are the shim's to keep and that nobody took yet."""
        relay = self._ground.relays.path(live.container.id, live.publication)
        return Reserved(live.publication.take_sockets(), relay)

    def files_of(self, container: ContainerNetwork) -> NetworkFiles:
        """The paths of a container's files."""
        return self._files.paths(container)

    def _join_networks(self, live: LiveSandbox, undo: ExitStack) -> None:
        container = live.container
        for name in in_order(container):
            if name == "bridge" and self._registry.named(name) is None:
                live.absent[name] = container.endpoints[name]
                continue  # the configuration has none: as if networking were disabled
            known_as = container.endpoints[name].network_id or name
            network = self._registry.get(name) or self._registry.find(known_as)
            network.join(container.id)
            undo.callback(network.leave, container.id)
            taken = {place.port.name for place in live.places.values() if place.port}
            mac = container.mac_address if not live.places else ""
            place = endpoints.allocate(network, container.endpoints[name], taken, mac, container.ipv6)
            undo.callback(endpoints.release, place)
            place = replace(place, settings=with_names(place, container))
            live.places[network.record.name] = place
            network.add(endpoint_of(place, container))

    def leave(self, container_id: str, place: Place) -> None:
        """Free a container's place on a network."""
        place.network.leave(container_id)
        endpoints.release(place)

    def refresh(self, live: LiveSandbox) -> None:
        """After a network came or went: default routes by the right one, ports that lead there."""
        chosen = endpoints.choose_gateways(live.places.values())
        if live.space:
            ways = [(one.port.name, version, one.gateway(version)) for version, one in chosen.items() if one.port]
            interfaces.set_gateways(live.space, ways)
        target = self._leading(live)
        publishing.retarget(live.publication, target, self._ground.firewall)
        self.refresh_names(live)
        self._ground.relays.write(live.container.id, live.publication, target)

    def refresh_names(self, live: LiveSandbox) -> None:
        """Have the container, and others, find each other by the names that they have now."""
        container = live.container
        if live.resolver:
            self._names.update(container.id, live.places, live.resolver)
        elif live.space and names_wanted(live.places.values()):
            live.resolver = self._files.for_resolver(container, write=True)
            self._names.start(container.id, live.places, live.resolver, live.space.descriptor)

    def _leading(self, live: LiveSandbox) -> Target:
        """Where ports lead now, be it nowhere."""
        return self._target(live.places) or Target({}, ())

    def publish(self, live: LiveSandbox) -> None:
        """Publish the container's ports with its first way out, be it there from the start or come later."""
        target = self._target(live.places)
        if target is None or live.publication.held:
            return
        self.withdraw(live)  # what was open at its own address
        try:
            live.publication = publishing.publish(live.container, target, self._ground.ports, self._ground.firewall)
        except System as error:
            place = endpoints.choose_gateways(live.places.values()).get(4) or next(iter(live.places.values()))
            raise System(
                "driver failed programming external connectivity on endpoint "
                f"{live.container.name.removeprefix('/')} ({place.settings.endpoint_id}): {error.message}"
            ) from error

    def withdraw(self, live: LiveSandbox) -> None:
        """Take back what `publish` did; the sockets too, as far as nobody took them."""
        live.publication.close_sockets()
        publishing.withdraw(live.publication, self._ground.ports, self._ground.firewall)
        live.publication = Publication()

    def _target(self, places: Mapping[str, Place]) -> Target | None:
        """Where ports lead: by the networks that are the ways out, and only where these are bridges."""
        chosen = {
            version: place
            for version, place in endpoints.choose_gateways(places.values()).items()
            if place.network.record.driver == "bridge"
        }
        if not chosen:
            return None
        addresses: dict[int, Address] = {}
        routed, hosts, trusted = [], "", {}
        for version, place in chosen.items():
            record = place.network.record
            address = place.address(version)
            if address:
                addresses[version] = address
            if record.gateway_mode(version) == "routed":
                routed.append(version)
            hosts = hosts or record.options.get(HOST_BINDING, "")
            trusted[version] = [name for name in record.options.get(TRUSTED, "").split(":") if name]
        defaults = self._defaults
        hosts_of = publishing.default_hosts(hosts or defaults.host)
        return Target(addresses, hosts_of, tuple(routed), defaults.direct, trusted)

    def _write_files(self, live: LiveSandbox) -> None:
        own = [
            str(address) for place in live.places.values() for version in (4, 6) if (address := place.address(version))
        ]
        resolver = names_wanted(live.places.values())
        ipv6 = any(place.address(6) for place in live.places.values())
        extra = [
            *self._files.extra_records(live.container, self._host_gateways()),
            *legacy_links.records(self._registry, live.container),
        ]
        live.resolver = self._files.write_bridged(live.container, own, extra, ipv6, resolver)

    def _host_gateways(self) -> list[str]:
        """What ``host-gateway`` stands for: the default bridge's own addresses."""
        bridge = self._registry.get("bridge")
        return [pool.gateway for pool in bridge.record.pools if pool.gateway] if bridge else []

    def _link_key(self, sandbox_id: str, target: str) -> str:
        """A path by which others find the namespace: a link, which nobody has to unmount after a crash."""
        path = self._keys / sandbox_id[:12]
        durable.discard(path)
        path.symlink_to(target)
        return str(path)


def in_order(container: ContainerNetwork) -> list[str]:
    """The networks of a container: the one that its mode names first, the others by name."""
    first = {"": "bridge", "default": "bridge"}.get(container.mode, container.mode)
    return sorted(container.endpoints, key=lambda name: (name != first, name))


def hosts_records(container: ContainerNetwork, place: Place) -> list[Record]:
    """The lines of /etc/hosts that a place on a network brings."""
    addresses = [str(address) for version in (4, 6) if (address := place.address(version))]
    return own_records(container.hostname, container.domainname, addresses)


def announce(ground: Ground, space: Space, place: Place) -> None:
    """Tell the neighbours which hardware address a container's addresses have where they may have it wrong."""
    addresses = endpoints.moved(place)
    wanted = int(place.network.record.options.get(ANNOUNCEMENTS, 1))
    if place.port and addresses and wanted:
        mac = place.settings.mac_address
        with contextlib.suppress(OSError):  # they will find out
            announcement.announce(ground.namespaces, space, place.port.name, mac, addresses)


def with_gateways(places: Mapping[str, Place]) -> list[Port]:
    """The interfaces to make, with the default routes at those that are chosen for them."""
    chosen = endpoints.choose_gateways(places.values())
    ports = []
    for place in places.values():
        if place.port:
            gateways = tuple((version, place.gateway(version)) for version, one in chosen.items() if one is place)
            ports.append(replace(place.port, gateways=gateways))
    return ports


def with_names(place: Place, container: ContainerNetwork) -> EndpointSettings:
    """The settings with the names by which others on the network find the container."""
    if not place.network.record.user_defined:
        return place.settings
    names = [container.name.removeprefix("/"), *(place.settings.aliases or ()), container.id[:12]]
    if container.hostname:
        names.append(container.hostname)
    return replace(place.settings, dns_names=tuple(dict.fromkeys(names)))


def endpoint_of(place: Place, container: ContainerNetwork) -> Endpoint:
    """What the network shows of the container."""
    settings = place.settings
    return Endpoint(
        id=settings.endpoint_id,
        container_id=container.id,
        container_name=container.name.removeprefix("/"),
        interface=place.port.name if place.port else "",
        mac=settings.mac_address,
        ipv4=f"{settings.ip_address}/{settings.ip_prefix_len}" if settings.ip_address else "",
        ipv6=f"{settings.global_ipv6_address}/{settings.global_ipv6_prefix_len}"
        if settings.global_ipv6_address
        else "",
        hostname=container.hostname,
    )
