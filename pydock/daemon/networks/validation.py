"""What of a container's wishes about networks can be, checked at create and connect, in Docker's words.

Called by `Sandboxes`; touches nothing.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import replace

from pydock.daemon.networks import legacy_links, publishing
from pydock.daemon.networks.endpoints import sysctls
from pydock.daemon.networks.files import Files
from pydock.daemon.networks.live import Registry
from pydock.daemon.networks.record import NetworkRecord
from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings
from pydock.errors import Conflict, Forbidden, InvalidParameter, NotFound, System
from pydock.network.bridge import parse_mac

_SHARED = "container:"
_WITH_HOST = "container cannot be connected to host network and any other network"
_WITH_NONE = "container cannot be connected to multiple networks with one of the networks in private (none) mode"
_NOT_HOST = "cannot connect container to host network - container must be created in host network mode"
_SHARING = "container sharing network namespace with another container or host cannot be connected to any other network"


class Validation:
    """The checks."""

    def __init__(self, registry: Registry, files: Files) -> None:
        self._registry = registry
        self._files = files

    def validate(self, container: ContainerNetwork) -> ContainerNetwork:
        """See `Sandboxes.validate`."""
        publishing.check_bindings(container.port_bindings, container.exposed_ports)
        self._files.check(container)
        if container.disabled or container.mode.startswith(_SHARED):
            return replace(container, endpoints={})
        mode = {"": "bridge", "default": "bridge"}.get(container.mode, container.mode)
        asked: dict[str, EndpointSettings] = {}
        for name, settings in container.endpoints.items():
            asked["bridge" if name == "default" else name] = settings
        if not asked:  # as in Docker, the mode counts only where no endpoint is told
            mode_network = self._registry.get(mode)
            asked = {mode_network.record.name if mode_network else mode: EndpointSettings()}
        if mode == "host" and asked.keys() - {"host"}:
            raise InvalidParameter(_WITH_HOST)
        if mode != "host" and "host" in asked:
            raise InvalidParameter(_NOT_HOST)
        if mode == "none" and len(asked) > 1:
            raise InvalidParameter(_WITH_NONE)
        endpoints = {}
        for name, settings in asked.items():
            network = self._registry.get(name)
            _check_mac(network.record.name if network else name, settings.wanted_mac)
            if network is None:
                if problems := _malformed(settings):
                    raise InvalidParameter(f"invalid config for network {name}: {_listed(problems)}")
                endpoints[name] = settings  # as in Docker, it may yet come: the start says where it has not
                continue
            record = network.record
            if told := _told(record, settings):
                raise InvalidParameter(f"invalid config for network {record.name}: {told}")
            endpoints[record.name] = settings.without_state()
        return replace(container, mode=container.mode, endpoints=endpoints)

    def check_links(self, container: ContainerNetwork) -> None:
        """Refuse the start of a container whose links lead to one that is not there."""
        legacy_links.records(self._registry, container)

    def check_connect(
        self, container: ContainerNetwork, reference: str, settings: EndpointSettings, running: bool
    ) -> tuple[str, EndpointSettings]:
        """The network's name and the settings, where a container may be connected so."""
        record = self._registry.find(reference).record
        if container.mode.startswith(_SHARED):
            raise InvalidParameter(_SHARING)
        if container.disabled:
            raise InvalidParameter("container cannot be connected to a network: its network is disabled")
        if settings.wanted_mac:
            parse_mac(settings.wanted_mac)
        if told := _told(record, settings):
            raise InvalidParameter(told)
        if record.name == "host" and "host" not in container.endpoints:
            raise InvalidParameter(_NOT_HOST)
        if container.mode == "host" and record.name != "host":
            raise InvalidParameter(_SHARING)
        others = [name for name in container.endpoints if name != record.name]
        if others and (record.name == "none" or "none" in others):
            raise InvalidParameter(_WITH_NONE)
        if running and record.name in container.endpoints:
            name = container.name.removeprefix("/")
            raise Forbidden(f"endpoint with name {name} already exists in network {record.name}")
        if record.config_only:
            raise Forbidden(f"cannot connect container to configuration-only network {record.name}")
        return record.name, settings.without_state()

    def check_disconnect(self, container: ContainerNetwork, reference: str, running: bool, force: bool) -> str:
        """The name of the network that is to be left."""
        try:
            name = self._registry.find(reference).record.name
        except NotFound:
            if running and not force:
                raise
            name, running = reference, False  # one that is gone can be left all the same
        if name == "host" and container.mode == "host":
            raise Conflict("cannot disconnect container from host network - container was created in host network mode")
        if name not in container.endpoints and reference not in container.endpoints:
            what = "network" if running else "the network"
            raise System(f"container {container.id} is not connected to {what} {name}")
        return name if name in container.endpoints else reference


def _check_mac(network: str, text: str) -> None:
    try:
        if text:
            parse_mac(text)
    except InvalidParameter as error:
        raise InvalidParameter(f"invalid config for network {network}: {error.message}") from None


def _told(record: NetworkRecord, settings: EndpointSettings) -> str:
    """What Docker gathers under "invalid endpoint settings", one line each; "" where nothing is wrong."""
    problems = []
    asked: Mapping[int, str] = {4: settings.ipv4_address, 6: settings.ipv6_address}
    if (asked[4] or asked[6]) and not record.user_defined:
        problems.append("user specified IP address is supported on user defined networks only")
    if settings.aliases and not record.user_defined:
        problems.append("network-scoped alias is supported only for containers in user defined networks")
    problems += _malformed(settings)
    problems += filter(None, (_range_problem(record, version, text) for version, text in asked.items()))
    try:
        sysctls(settings.driver_opts or {})
    except InvalidParameter as error:
        problems.append(error.message)
    return _listed(problems) if problems else ""


def _listed(problems: list[str]) -> str:
    listed = problems[0] if len(problems) == 1 else "\n".join(f"* {problem}" for problem in problems)
    return f"invalid endpoint settings:\n{listed}"


def _malformed(settings: EndpointSettings) -> list[str]:
    """What is wrong with the addresses whatever the network is."""
    asked = {4: settings.ipv4_address, 6: settings.ipv6_address}
    problems = [f"invalid IPv{version} address: {text}" for version, text in asked.items() if _is_wrong(version, text)]
    wrong = (text for text in settings.link_local_ips if not _is_address(text))
    return problems + [f"invalid link-local IP address: {text}" for text in wrong]


def _is_wrong(version: int, text: str) -> bool:
    if not text:
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    mapped = address.version == 6 and address.ipv4_mapped  # an IPv4 address after all
    return address.version != version or address.is_unspecified or bool(mapped)


def _range_problem(record: NetworkRecord, version: int, text: str) -> str:
    if not text:
        return ""
    pools = [pool for pool in record.pools if pool.network.version == version]
    if not any(pool.chosen for pool in pools) and (record.user_defined or not pools):
        return "user specified IP address is supported only when connecting to networks with user configured subnets"
    if not _is_address(text) or not any(ipaddress.ip_address(text) in pool.network for pool in pools):
        return f"no configured subnet or ip-range contain the IP address {text}"
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
