"""What a container has to do with networks, as plain values.

The containers service keeps an `EndpointSettings` for each network in its record and hands a
`ContainerNetwork` to the sandboxes; what they give back (`Sandbox`) goes into the record again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class PortBinding:
    """Where on the host a container's port is published; "" means that it was left open."""

    host_ip: str = ""
    host_port: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One network of one container: first what was asked for, then what it has while it runs ("" and 0 before)."""

    # asked for; `has_ipam` tells IPAMConfig {} from null
    has_ipam: bool = False
    ipv4_address: str = ""
    ipv6_address: str = ""
    link_local_ips: tuple[str, ...] = ()
    links: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    driver_opts: Mapping[str, str] | None = None
    gw_priority: int = 0
    wanted_mac: str = ""
    # given
    network_id: str = ""
    endpoint_id: str = ""
    gateway: str = ""
    ip_address: str = ""
    ip_prefix_len: int = 0
    ipv6_gateway: str = ""
    global_ipv6_address: str = ""
    global_ipv6_prefix_len: int = 0
    mac_address: str = ""
    dns_names: tuple[str, ...] | None = None

    def to_record(self) -> dict[str, Any]:
        """As JSON values, to be kept in the container's record."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "EndpointSettings":
        """The inverse of `to_record`."""
        values = dict(record)
        for name in ("link_local_ips", "links", "aliases", "dns_names"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        return cls(**values)

    def without_state(self) -> "EndpointSettings":
        """What remains when the container has stopped: what was asked for, the network's id, the names."""
        return replace(
            self,
            endpoint_id="",
            gateway="",
            ip_address="",
            ip_prefix_len=0,
            ipv6_gateway="",
            global_ipv6_address="",
            global_ipv6_prefix_len=0,
            mac_address="",
        )


@dataclass(frozen=True, slots=True)
class ContainerNetwork:
    """All that networks need to know of a container; made from its record, frozen."""

    id: str
    name: str
    #: HostConfig.NetworkMode: default, bridge, none, host, container:ID, or a network's name or id
    mode: str
    #: where hosts, hostname and resolv.conf are written
    directory: Path
    hostname: str = ""
    domainname: str = ""
    #: networks by name (or id, where the user wrote that); empty: just the one that `mode` names
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    #: by "80/tcp"
    port_bindings: Mapping[str, tuple[PortBinding, ...]] = field(default_factory=dict)
    exposed_ports: tuple[str, ...] = ()
    publish_all: bool = False
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    #: HostConfig.Links: "NAME:ALIAS"
    links: tuple[str, ...] = ()
    #: Config.MacAddress
    mac_address: str = ""
    #: Config.NetworkDisabled
    disabled: bool = False
    #: HostConfig.UTSMode == "host"
    uts_host: bool = False
    #: whether there is IPv6 in its namespace: a sysctl may turn it off
    ipv6: bool = True


class Reserved(NamedTuple):
    """Reserved ports that the shim is to keep, as descriptors that the caller owns.

    ``relay`` is the file that tells where they lead, "" where nothing is to be relayed.
    """

    descriptors: tuple[int, ...] = ()
    relay: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a started container's network is; the caller owns the descriptors and closes them after the hand-over.

    ``netns`` is the namespace's descriptor, -1 where the container gets none of its own (mode host): pass it with
    StartContainer.  ``held`` go to the shim as they are (reserved ports), with ``relay``.  ``files`` are (source,
    target) binds of /etc/hosts, /etc/hostname and /etc/resolv.conf.
    """

    id: str = ""
    key: str = ""
    netns: int = -1
    held: tuple[int, ...] = ()
    #: the file that tells where ``held`` lead, "" where nothing is to be relayed
    relay: str = ""
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    #: by "80/tcp"; None: exposed, not published
    ports: Mapping[str, tuple[PortBinding, ...] | None] = field(default_factory=dict)
    #: whether the ports lead to the container now; where not, they are kept for when they do
    leads: bool = True
    hosts_path: str = ""
    hostname_path: str = ""
    resolv_conf_path: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def shown_ports(self) -> Mapping[str, tuple[PortBinding, ...] | None]:
        """The ports as inspect and list have them."""
        return self.ports if self.leads else {}

    def to_record(self) -> dict[str, Any]:
        """The part that must survive the daemon, as JSON values (endpoints are kept by the container's record)."""
        ports = {
            port: None if bindings is None else [[binding.host_ip, binding.host_port] for binding in bindings]
            for port, bindings in self.ports.items()
        }
        return {
            "id": self.id,
            "key": self.key,
            "ports": ports,
            "leads": self.leads,
            "hosts_path": self.hosts_path,
            "hostname_path": self.hostname_path,
            "resolv_conf_path": self.resolv_conf_path,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Sandbox":
        """The inverse of `to_record`, without descriptors and endpoints."""
        values = dict(record)
        values["ports"] = {
            port: None if bindings is None else tuple(PortBinding(*binding) for binding in bindings)
            for port, bindings in values["ports"].items()
        }
        return cls(**values)
