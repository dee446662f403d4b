"""From a container's network values to Docker's JSON: for inspect and list of containers.

Called by the containers service's inspect; `parse_endpoint` is its inverse for create and connect.
"""

from collections.abc import Mapping
from typing import Any

from pydock.daemon.networks.publishing import split_port
from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings, PortBinding, Sandbox

_DEFAULT = "bridge"
_EMPTY = EndpointSettings()


def network_settings(container: ContainerNetwork, sandbox: Sandbox | None, bridge: str) -> dict[str, Any]:
    """``NetworkSettings`` of a container's inspect; `sandbox` is None where it does not run."""
    endpoints = sandbox.endpoints if sandbox else container.endpoints
    main = endpoints.get(_DEFAULT, _EMPTY) if sandbox else _EMPTY
    return {
        "Bridge": bridge,
        "SandboxID": sandbox.id if sandbox else "",
        "SandboxKey": sandbox.key if sandbox else "",
        "Ports": ports_json(sandbox.shown_ports) if sandbox else {},
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": main.endpoint_id,
        "Gateway": main.gateway,
        "GlobalIPv6Address": main.global_ipv6_address,
        "GlobalIPv6PrefixLen": main.global_ipv6_prefix_len,
        "IPAddress": main.ip_address,
        "IPPrefixLen": main.ip_prefix_len,
        "IPv6Gateway": main.ipv6_gateway,
        "MacAddress": main.mac_address or endpoints.get(_DEFAULT, _EMPTY).wanted_mac,
        "Networks": {name: endpoint_json(endpoint) for name, endpoint in sorted(endpoints.items())},
    }


def endpoint_json(endpoint: EndpointSettings) -> dict[str, Any]:
    """One value of ``NetworkSettings.Networks``."""
    return {
        "IPAMConfig": _ipam_json(endpoint),
        "Links": _listed(endpoint.links),
        "Aliases": _listed(endpoint.aliases),
        "MacAddress": endpoint.mac_address or endpoint.wanted_mac,
        "DriverOpts": None if endpoint.driver_opts is None else dict(endpoint.driver_opts),
        "GwPriority": endpoint.gw_priority,
        "NetworkID": endpoint.network_id,
        "EndpointID": endpoint.endpoint_id,
        "Gateway": endpoint.gateway,
        "IPAddress": endpoint.ip_address,
        "IPPrefixLen": endpoint.ip_prefix_len,
        "IPv6Gateway": endpoint.ipv6_gateway,
        "GlobalIPv6Address": endpoint.global_ipv6_address,
        "GlobalIPv6PrefixLen": endpoint.global_ipv6_prefix_len,
        "DNSNames": _listed(endpoint.dns_names),
    }


def parse_endpoint(value: Mapping[str, Any]) -> EndpointSettings:
    """An ``EndpointSettings`` object of a create or connect request; what an inspect shows is accepted."""
    ipam = value.get("IPAMConfig") or {}
    return EndpointSettings(
        has_ipam=value.get("IPAMConfig") is not None,
        ipv4_address=ipam.get("IPv4Address") or "",
        ipv6_address=ipam.get("IPv6Address") or "",
        link_local_ips=tuple(ipam.get("LinkLocalIPs") or ()),
        links=_texts(value, "Links"),
        aliases=_texts(value, "Aliases"),
        driver_opts=value.get("DriverOpts"),
        gw_priority=value.get("GwPriority") or 0,
        wanted_mac=value.get("MacAddress") or "",
    )


def ports_json(ports: Mapping[str, tuple[PortBinding, ...] | None]) -> dict[str, Any]:
    """``Ports`` of ``NetworkSettings``."""
    return {
        port: None if bindings is None else [{"HostIp": one.host_ip, "HostPort": one.host_port} for one in bindings]
        for port, bindings in ports.items()
    }


def port_list(ports: Mapping[str, tuple[PortBinding, ...] | None]) -> list[dict[str, Any]]:
    """``Ports`` of an entry of the containers list."""
    listed: list[dict[str, Any]] = []
    for port, bindings in ports.items():
        number, protocol = split_port(port)
        if not bindings:
            listed.append({"PrivatePort": number, "Type": protocol})
        for binding in bindings or ():
            entry: dict[str, Any] = {"IP": binding.host_ip} if binding.host_ip else {}
            entry["PrivatePort"] = number
            if binding.host_port:
                entry["PublicPort"] = int(binding.host_port)
            listed.append({**entry, "Type": protocol})
    return listed


def _ipam_json(endpoint: EndpointSettings) -> dict[str, Any] | None:
    if not endpoint.has_ipam:
        return None
    found: dict[str, Any] = {}
    if endpoint.ipv4_address:
        found["IPv4Address"] = endpoint.ipv4_address
    if endpoint.ipv6_address:
        found["IPv6Address"] = endpoint.ipv6_address
    if endpoint.link_local_ips:
        found["LinkLocalIPs"] = list(endpoint.link_local_ips)
    return found


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _texts(value: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    found = value.get(key)
    return None if found is None else tuple(found)
