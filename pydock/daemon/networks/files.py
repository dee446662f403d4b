"""A container's /etc/hosts, /etc/hostname and /etc/resolv.conf: which content goes with which network.

Called by `attachment` at each start; blocking.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydock.daemon.networks.settings import ContainerNetwork
from pydock.errors import InvalidParameter
from pydock.network import edited_file, hosts_file, resolv_conf
from pydock.network.hosts_file import Record
from pydock.network.resolv_conf import DnsOptions, ForResolver

_HOST_GATEWAY: Final = "host-gateway"


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """The paths of the three files."""

    hosts: str
    hostname: str
    resolv_conf: str


class Files:
    """Writes them.  ``dns`` is the daemon's own choice, ``gateways`` what ``host-gateway`` stands for."""

    def __init__(self, dns: DnsOptions, gateways: tuple[str, ...] = ()) -> None:
        self._dns = dns
        self._gateways = gateways

    def paths(self, container: ContainerNetwork) -> NetworkFiles:
        """Where a container's files are."""
        names = ("hosts", "hostname", "resolv.conf")
        return NetworkFiles(*(str(container.directory / name) for name in names))

    def options(self, container: ContainerNetwork) -> DnsOptions:
        """A container's DNS options, or the daemon's where it has none."""
        return DnsOptions(
            container.dns or self._dns.servers,
            container.dns_search or self._dns.search,
            container.dns_options or self._dns.options,
        )

    def check(self, container: ContainerNetwork) -> None:
        """Refuse options that would not stay within their lines."""
        self.options(container).check()
        for record in self.extra_records(container, ("192.0.2.1",)):
            record.check()

    def extra_records(self, container: ContainerNetwork, gateways: Sequence[str]) -> list[Record]:
        """The lines that ``--add-host`` asks for."""
        records = []
        for entry in container.extra_hosts:
            name, separator, address = _split_host(entry)
            if not separator or not name or not address:
                raise InvalidParameter(f'bad format for add-host: "{entry}"')
            if address == _HOST_GATEWAY:
                chosen = self._gateways or tuple(gateways)
                if not chosen:
                    raise InvalidParameter("unable to derive the IP value for host-gateway")
                records += [Record(one, name) for one in chosen]
            else:
                records.append(Record(str(_address(address, entry)), name))
        return records

    def write_bridged(
        self, container: ContainerNetwork, own: Iterable[str], extra: Sequence[Record], ipv6: bool, resolver: bool
    ) -> ForResolver | None:
        """The files of a container with networks of its own; what the resolver must know where it has one."""
        paths = self.paths(container)
        records = hosts_file.own_records(container.hostname, container.domainname, own)
        hosts_file.write(Path(paths.hosts), extra, records, container.ipv6)
        hosts_file.write_hostname(Path(paths.hostname), container.hostname)
        if resolver:
            return self.for_resolver(container, write=True)
        content = resolv_conf.for_default_bridge(resolv_conf.host_file(), self.options(container), ipv6)
        edited_file.replace(Path(paths.resolv_conf), content)
        return None

    def for_resolver(self, container: ContainerNetwork, write: bool = False) -> ForResolver:
        """What the resolver must know of a running container; `write` its resolv.conf anew."""
        known = resolv_conf.for_resolver(resolv_conf.host_file(), self.options(container))
        if write:
            edited_file.replace(Path(self.paths(container).resolv_conf), known.content)
        return known

    def write_host(self, container: ContainerNetwork, gateways: Sequence[str]) -> None:
        """The files of a container on the host's own network."""
        paths = self.paths(container)
        extra = self.extra_records(container, gateways)
        hosts_file.write_copy(Path(paths.hosts))
        if extra:
            hosts_file.add(Path(paths.hosts), extra)
        hosts_file.write_hostname(Path(paths.hostname), container.hostname)
        content = resolv_conf.for_host_network(resolv_conf.host_file(), self.options(container))
        edited_file.replace(Path(paths.resolv_conf), content)


def _split_host(entry: str) -> tuple[str, str, str]:
    """``name:address`` or ``name=address``; an IPv6 address may stand in brackets."""
    name, separator, address = entry.partition("=") if "=" in entry else entry.partition(":")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return name, separator, address


def _address(text: str, entry: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise InvalidParameter(f'invalid IP address in add-host: "{text}"') from None
