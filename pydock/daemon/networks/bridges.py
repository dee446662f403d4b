"""From a network's record to its bridge and its place in the packet filter.

Called by the networks service when a network comes, goes, or is brought back at start-up.
"""

import ipaddress

from pydock.daemon.networks.record import HOST_SOURCES, ICC, INHIBIT_IPV4, MASQUERADE, NetworkRecord
from pydock.linux.rtnetlink import Interface
from pydock.network.bridge import BridgeDevice, interface
from pydock.network.firewall import BridgeRules

VERSIONS = (4, 6)


def device(record: NetworkRecord, foreign: bool = False) -> BridgeDevice:
    """The bridge as it should be: the gateways of the subnets are its addresses."""
    addresses: list[Interface] = []
    for pool in record.pools:
        gateway = pool.gateway_address
        if gateway is None or record.gateway_mode(gateway.version) == "isolated":
            continue
        if gateway.version == 4 and record.flag(INHIBIT_IPV4, False):
            continue
        addresses.append(interface(gateway, pool.network))
    isolated = record.enable_ipv6 and record.gateway_mode(6) == "isolated"
    # or the kernel would give it one of the link
    sysctls = ((f"ipv6/conf/{record.bridge_name}/disable_ipv6", "1"),) if isolated else ()
    return BridgeDevice(record.bridge_name, tuple(addresses), record.mtu, foreign, sysctls)


def rules(record: NetworkRecord) -> BridgeRules:
    """How the packets of the bridge are treated."""
    modes = {version: record.gateway_mode(version) for version in VERSIONS}
    masquerade = record.flag(MASQUERADE, True)
    sources = {
        version: ipaddress.ip_address(record.options[option])
        for version, option in HOST_SOURCES.items()
        if record.options.get(option)
    }
    return BridgeRules(
        name=record.bridge_name,
        subnets=tuple(pool.network for pool in record.pools),
        masquerade=tuple(version for version in VERSIONS if masquerade and modes[version] != "routed"),
        source=sources,
        icc=record.flag(ICC, True),
        internal=record.internal,
        routed=tuple(version for version in VERSIONS if modes[version] == "routed"),
        unprotected=tuple(version for version in VERSIONS if modes[version] == "nat-unprotected"),
    )
