"""The networks that are always there: bridge, host and none.

`Networks.restore` calls it at start-up, after what is on record is known.
"""

import ipaddress
import secrets
import time
from dataclasses import replace

from pydock.daemon.config import NetworkOptions
from pydock.daemon.networks import default_bridge
from pydock.daemon.networks.default_bridge import Wanted
from pydock.daemon.networks.ground import Ground
from pydock.daemon.networks.live import LiveNetwork, Registry
from pydock.daemon.networks.making import Making
from pydock.daemon.networks.record import (
    BRIDGE_NAME,
    DEFAULT_BRIDGE,
    HOST_BINDING,
    ICC,
    MASQUERADE,
    MTU,
    NetworkRecord,
    Pool,
)


class Predefined:
    """Makes their records from the configuration; ids and, where it still fits, the subnet are kept."""

    def __init__(self, options: NetworkOptions, registry: Registry, making: Making, ground: Ground) -> None:
        self._options = options
        self._registry = registry
        self._making = making
        self._ground = ground

    def ensure(self) -> None:
        """Have all of them in the registry."""
        for name, driver in (("none", "null"), ("host", "host")):
            if self._registry.get(name) is None:
                self._making.keep(self._new(name, driver))
        old = self._registry.get("bridge")
        if self._options.bridge == "none":
            if old:
                self._registry.remove(old)
            return
        self._making.keep(self._bridge(old))

    def _new(self, name: str, driver: str) -> NetworkRecord:
        return NetworkRecord(self._making.former_id(name) or secrets.token_hex(32), name, time.time_ns(), driver)

    def _bridge(self, old: LiveNetwork | None) -> NetworkRecord:
        record = old.record if old else self._new("bridge", "bridge")
        if old:
            self._registry.remove(old)
        given = self._options
        options = {
            DEFAULT_BRIDGE: "true",
            ICC: str(given.icc).lower(),
            MASQUERADE: str(given.ip_masq).lower(),
            HOST_BINDING: given.ip,
            BRIDGE_NAME: given.bridge,
            MTU: str(given.mtu),
        }
        link = self._ground.host.link(given.bridge)
        owned = {one.name for one in self._ground.host.owned_links()}
        users = link is not None and given.bridge != NetworkOptions().bridge and given.bridge not in owned
        wanted = [Wanted(4, given.bip, given.fixed_cidr, given.default_gateway)]
        if given.ipv6:
            wanted.append(Wanted(6, given.bip6, given.fixed_cidr_v6, given.default_gateway_v6))
        pools = tuple(self._pool(one, record, users) for one in wanted)
        return replace(record, enable_ipv6=given.ipv6, options=options, pools=pools, made_link=not users)

    def _pool(self, wanted: Wanted, record: NetworkRecord, users: bool) -> Pool:
        """By the configuration, else as the bridge is, else as it was, else chosen."""
        present = self._ground.host.addresses(self._options.bridge)
        if pool := default_bridge.configured(wanted, present, users):
            return pool
        network = self._former(wanted.version, record) or self._making.choose(wanted.version)
        return default_bridge.chosen(wanted, network)

    def _former(self, version: int, record: NetworkRecord) -> "ipaddress.IPv4Network | ipaddress.IPv6Network | None":
        for pool in record.pools:
            network = pool.network
            if network.version == version and not any(
                other.version == version and network.overlaps(other)
                for other in [*self._registry.subnets(), *self._ground.host.networks()]
            ):
                return network
        return None
