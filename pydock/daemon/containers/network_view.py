"""A container's record as networks see it: the value that `Sandboxes` works on.  Pure.

Create, start and inspect call it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydock.daemon.containers.record import Container
from pydock.daemon.networks.settings import ContainerNetwork, PortBinding

#: as Docker, which looks whether there is an IPv6 address on the loopback interface
_IPV6_OFF: Final = frozenset((f"net.ipv6.conf.{interface}.disable_ipv6", "1") for interface in ("all", "lo"))


def container_network(record: Container) -> ContainerNetwork:
    """What networks need to know of a container."""
    config, host = record.config, record.host_config
    return ContainerNetwork(
        id=record.id,
        name=record.name,
        mode=host.get("NetworkMode") or "default",
        directory=record.directory,
        hostname=config.get("Hostname") or "",
        domainname=config.get("Domainname") or "",
        endpoints=record.endpoints,
        port_bindings=port_bindings(host.get("PortBindings") or {}),
        exposed_ports=tuple(config.get("ExposedPorts") or ()),
        publish_all=bool(host.get("PublishAllPorts")),
        dns=tuple(host.get("Dns") or ()),
        dns_search=tuple(host.get("DnsSearch") or ()),
        dns_options=tuple(host.get("DnsOptions") or ()),
        extra_hosts=tuple(host.get("ExtraHosts") or ()),
        links=tuple(host.get("Links") or ()),
        mac_address=config.get("MacAddress") or "",
        disabled=bool(config.get("NetworkDisabled")),
        uts_host=host.get("UTSMode") == "host",
        ipv6=not _IPV6_OFF.intersection((host.get("Sysctls") or {}).items()),
    )


def port_bindings(bindings: Mapping[str, Any]) -> dict[str, tuple[PortBinding, ...]]:
    """``HostConfig.PortBindings`` as values; ``8080/tcp`` as a host port is 8080, as in Docker."""
    return {
        port: tuple(
            PortBinding(one.get("HostIp") or "", (one.get("HostPort") or "").partition("/")[0]) for one in asked or ()
        )
        for port, asked in bindings.items()
    }
