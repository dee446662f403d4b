"""Joins the network services: called by main, which hands `routes` the catalog of containers."""

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from pydock.daemon.config import DEFAULT_EXEC_ROOT, NetworkOptions
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.networking import ContainerNetworking
from pydock.daemon.core import Core
from pydock.daemon.http.router import Route
from pydock.daemon.networks.attachments import Attachments
from pydock.daemon.networks.files import Files
from pydock.daemon.networks.ground import Ground
from pydock.daemon.networks.live import Registry
from pydock.daemon.networks.making import Making
from pydock.daemon.networks.names import Names
from pydock.daemon.networks.predefined import Predefined
from pydock.daemon.networks.publishing import Defaults
from pydock.daemon.networks.reconnection import Reconnection
from pydock.daemon.networks.relays import Relays
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.networks.service import CreateDefaults, Networks
from pydock.daemon.networks.validation import Validation
from pydock.daemon.routes import networks as network_routes
from pydock.daemon.state.networks import STEPS, NetworkStore
from pydock.errors import InvalidParameter
from pydock.linux.netlink import Netlink
from pydock.network.bridge import Host
from pydock.network.firewall import Firewall
from pydock.network.ipam import DEFAULT_RANGES, PoolRange, unique_local_range
from pydock.network.namespaces import Namespaces
from pydock.network.passage import Passage
from pydock.network.ports import Ports
from pydock.network.resolv_conf import DnsOptions
from pydock.network.resolver import Resolver

__all__ = ["PRELOAD", "STEPS", "NetworkServices", "build", "close", "restore", "routes", "settle"]

PRELOAD = ("pydock.network.dns_process",)


@dataclass(frozen=True, slots=True)
class NetworkServices:
    """What the other areas and main use; containers that run keep their networks when the daemon ends."""

    networks: Networks
    sandboxes: Sandboxes
    shut: Callable[[], None]


def build(core: Core) -> NetworkServices:
    """Make the services; `networks.restore` is to be called before any other."""
    options = core.config.network
    table = table_name(core)
    namespaces = Namespaces()
    netlink = Netlink()
    ground = Ground(
        namespaces,
        Host(netlink, namespaces, table),
        Firewall(table, options.filtered_versions),
        Ports(options.userland_proxy),
        Passage(table, options.filtered_versions),
        Relays(core.exec_root / "ports" if options.userland_proxy else None),
    )
    registry = Registry()
    store = NetworkStore(core.database)
    making = Making(registry, store, ground, ranges(options, store.seed()), options.ip_forward)
    files = Files(DnsOptions(options.dns, options.dns_search, options.dns_options), options.host_gateway_ips)
    keys = core.exec_root / "netns"
    keys.mkdir(mode=0o700, exist_ok=True)
    names = Names(Resolver(core.exec_root, core.jobs))
    attachments = Attachments(registry, ground, files, names, keys, Defaults(options.ip, options.allow_direct_routing))
    sandboxes = Sandboxes(
        attachments, Reconnection(registry, ground, attachments), Validation(registry, files), core.events
    )
    networks = Networks(
        registry,
        making,
        Predefined(options, registry, making, ground),
        core.events,
        CreateDefaults(options=options.default_network_opts),
    )

    def shut() -> None:
        if not sandboxes.any_live():
            making.leave()
        names.close()
        namespaces.close()
        netlink.close()
        ground.firewall.close()
        ground.passage.close()

    return NetworkServices(networks, sandboxes, shut)


def routes(services: NetworkServices, catalog: Catalog) -> list[Route]:
    """The endpoints under /networks."""
    return network_routes.routes(services.networks, ContainerNetworking(catalog, services.sandboxes))


async def restore(services: NetworkServices) -> None:
    """Bring back the networks; before containers are adopted."""
    await services.networks.restore()


async def settle(services: NetworkServices) -> None:
    """Drop what dead containers left; after containers were adopted."""
    await services.sandboxes.settle()


def close(services: NetworkServices) -> None:
    """The daemon ends."""
    services.shut()


def table_name(core: Core) -> str:
    """The packet filter's table: each engine of a machine has its own."""
    if core.exec_root == DEFAULT_EXEC_ROOT:
        return "pydock"
    return f"pydock-{hashlib.sha256(str(core.exec_root).encode()).hexdigest()[:8]}"


def ranges(options: NetworkOptions, seed: bytes) -> list[PoolRange]:
    """What subnets are chosen from: the configured ranges, or Docker's and the engine's own IPv6 range."""
    configured = []
    for pool in options.default_address_pools:
        try:
            base = ipaddress.ip_network(pool.base)
        except ValueError as error:
            raise InvalidParameter(f"invalid default address pool: {error}") from None
        if not base.prefixlen <= pool.size <= base.max_prefixlen:
            raise InvalidParameter(f"invalid default address pool: size {pool.size} of {base}")
        configured.append(PoolRange(base, pool.size))
    chosen = configured or list(DEFAULT_RANGES)
    if not any(pool.base.version == 6 for pool in chosen):
        chosen.append(unique_local_range(seed))
    return chosen
