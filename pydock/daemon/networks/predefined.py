"""The networks that are always there: bridge, host and none.

`Networks.restore` calls it at start-up, after what is on record is known.
"""

import contextlib
import ipaddress
import secrets
import time
from dataclasses import replace

from pydock.daemon.config import NetworkOptions
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
from pydock.errors import InvalidParameter
from pydock.linux.rtnetlink import Interface


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
        pools = [self._pool(4, given.bip, given.fixed_cidr, given.default_gateway, record)]
        if given.ipv6:
            pools.append(self._pool(6, given.bip6, given.fixed_cidr_v6, given.default_gateway_v6, record))
        return replace(record, enable_ipv6=given.ipv6, options=options, pools=tuple(pools))

    def _pool(self, version: int, wanted: str, fixed: str, default: str, record: NetworkRecord) -> Pool:
        """By the configuration, else as the bridge is, else as it was, else chosen."""
        interface = self._interface(version, wanted) or self._present(version)
        if interface is None and fixed and version == 6:
            network = ipaddress.ip_network(fixed, strict=False)
            interface = ipaddress.ip_interface(f"{network.network_address + 1}/{network.prefixlen}")
        if interface is None:
            network = self._former(version, record) or self._making.choose(version)
            interface = ipaddress.ip_interface(f"{network.network_address + 1}/{network.prefixlen}")
        network = interface.network
        auxiliary = {f"DefaultGatewayIPv{version}": default} if default else None
        inside = fixed if fixed and ipaddress.ip_network(fixed, strict=False) != network else ""
        return Pool(str(network), inside, str(interface.ip), auxiliary)

    def _interface(self, version: int, text: str) -> Interface | None:
        if not text:
            return None
        with contextlib.suppress(ValueError):
            interface = ipaddress.ip_interface(text)
            if interface.version == version and interface.ip != interface.network.network_address:
                return interface
        raise InvalidParameter(f"invalid bridge address: {text}")

    def _present(self, version: int) -> Interface | None:
        """The address that the bridge has, be it from the last run or from whoever made it."""
        for address in self._ground.host.addresses(self._options.bridge):
            if address.version == version and not address.ip.is_link_local:
                return address
        return None

    def _former(self, version: int, record: NetworkRecord) -> "ipaddress.IPv4Network | ipaddress.IPv6Network | None":
        for pool in record.pools:
            network = pool.network
            if network.version == version and not any(
                other.version == version and network.overlaps(other)
                for other in [*self._registry.subnets(), *self._ground.host.networks()]
            ):
                return network
        return None
