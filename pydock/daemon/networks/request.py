"""A network's create request, checked: from the wire's JSON to a draft without addresses of the engine's choice.

Called by the networks service.  Pure; what is wrong is told in Docker's words, several wrongs of the IPAM at once.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydock.daemon.networks.record import (
    BRIDGE_NAME,
    ENABLE_IPV4,
    ENABLE_IPV6,
    GATEWAY_MODES,
    HOST_BINDING,
    HOST_SOURCES,
    ICC,
    INHIBIT_IPV4,
    INTERFACE_PREFIX,
    MASQUERADE,
    MTU,
    PREDEFINED,
    Pool,
    parse_bool,
)
from pydock.errors import Forbidden, InvalidParameter, NotFound, Unavailable
from pydock.linux.rtnetlink import IPVLAN_FLAGS, IPVLAN_MODES, MACVLAN_MODES, Network
from pydock.network.bridge import LONGEST_NAME

DRIVERS: Final = ("bridge", "macvlan", "ipvlan")
_NO_SWARM: Final = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_MODES: Final = ("nat", "routed", "nat-unprotected", "isolated")


@dataclass(frozen=True, slots=True)
class Draft:
    """What was asked for."""

    name: str
    driver: str
    enable_ipv4: bool
    enable_ipv6: bool
    ipam_driver: str
    ipam_options: Mapping[str, str] | None
    pools: tuple[Pool, ...]
    internal: bool
    attachable: bool
    options: Mapping[str, str]
    labels: Mapping[str, str]
    config_only: bool
    config_from: str


def parse(request: Mapping[str, Any], defaults: Mapping[str, Mapping[str, str]], ipv6: bool = False) -> Draft:
    """Check a request; `defaults` are options by driver, `ipv6` whether networks have it where nothing is said."""
    name = _field(request, "Name", str)
    _check_name(name)
    driver = _field(request, "Driver", str) or "bridge"
    config_only = _field(request, "ConfigOnly", bool)
    config_from = _field(_field(request, "ConfigFrom", dict), "Network", str)
    if config_only and config_from:
        raise Forbidden("configuration network depends on another configuration network")
    if not config_only:
        _check_driver(driver)
    if _field(request, "Ingress", bool):
        raise Unavailable(_NO_SWARM)
    if _field(request, "Scope", str) not in ("", "local"):
        raise InvalidParameter(_NO_SWARM)
    options = {**defaults.get(driver, {}), **_strings(request, "Options")}
    ipam = _field(request, "IPAM", dict)
    enable_ipv4 = _switch(request, "EnableIPv4", options, ENABLE_IPV4, True)
    enable_ipv6 = _switch(request, "EnableIPv6", options, ENABLE_IPV6, ipv6)
    if not enable_ipv4 and not enable_ipv6 and driver == "bridge":
        raise InvalidParameter("IPv4 or IPv6 must be enabled")
    ipam_driver = _field(ipam, "Driver", str) or "default"
    if ipam_driver not in ("default", "null"):
        raise NotFound(f'plugin "{ipam_driver}" not found')
    draft = Draft(
        name, driver, enable_ipv4, enable_ipv6, ipam_driver,
        None if ipam.get("Options") is None else _strings(ipam, "Options"),
        _pools(ipam, enable_ipv6), _field(request, "Internal", bool), _field(request, "Attachable", bool),
        options, _strings(request, "Labels"), config_only, config_from,
    )  # fmt: skip
    if not config_only:
        check_options(draft.driver, draft.options)
    return draft


def check_options(driver: str, options: Mapping[str, str]) -> None:
    """Refuse driver options that could not be carried out."""
    if (mtu := options.get(MTU, "")) and (not mtu.isdigit() or not 68 <= int(mtu) <= 65535):
        raise InvalidParameter(f"invalid MTU: {mtu}")
    for option in (MASQUERADE, ICC, INHIBIT_IPV4):
        if options.get(option):
            _bool(option, options[option])
    for version, option in GATEWAY_MODES.items():
        if options.get(option, "nat") not in _MODES:
            raise InvalidParameter(f'unknown gateway mode "{options[option]}" for {option} (IPv{version})')
    for option in (HOST_BINDING, *HOST_SOURCES.values()):
        if options.get(option):
            _address(options[option])
    for option in (BRIDGE_NAME, "parent"):
        _check_link_name(options.get(option, ""))
    prefix = options.get(INTERFACE_PREFIX, "")
    _check_link_name(prefix + "0" * 3 if prefix else "")
    for modes, option in (
        (MACVLAN_MODES, "macvlan_mode"),
        (IPVLAN_MODES, "ipvlan_mode"),
        (IPVLAN_FLAGS, "ipvlan_flag"),
    ):
        value = options.get(option, "")
        if driver in option and value and value not in modes:
            raise InvalidParameter(f"unknown {option.replace('_', ' ')}: {value}")


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidParameter("invalid name: name is empty")
    if name in PREDEFINED or name == "default":
        raise Forbidden(f"operation is not permitted on predefined {name} network")
    if len(name) > 255 or any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidParameter("invalid name: it is too long or has control characters")


def _check_driver(driver: str) -> None:
    if driver in ("host", "null"):
        raise Forbidden(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay":
        raise Unavailable(_NO_SWARM)
    if driver not in DRIVERS:
        raise NotFound(f'plugin "{driver}" not found')


def _check_link_name(name: str) -> None:
    if (
        len(name.encode()) > LONGEST_NAME
        or any(character.isspace() or character in "/:%" or not character.isprintable() for character in name)
        or name in (".", "..")
    ):
        raise InvalidParameter(f"invalid interface name: {name!r}")


def _pools(ipam: Mapping[str, Any], ipv6: bool) -> tuple[Pool, ...]:
    pools: list[Pool] = []
    problems: list[str] = []
    subnets: list[Network] = []
    for entry in _field(ipam, "Config", list):
        if not isinstance(entry, Mapping):
            raise InvalidParameter("invalid JSON: IPAM.Config has a wrong type")
        pool = Pool(
            subnet=_field(entry, "Subnet", str),
            ip_range=_field(entry, "IPRange", str),
            gateway=_field(entry, "Gateway", str),
            auxiliary=_strings(entry, "AuxiliaryAddresses") or None,
            chosen=True,
        )
        found, subnet = _problems(pool)
        problems += found
        if subnet is not None:
            if any(subnet.version == other.version and subnet.overlaps(other) for other in subnets):
                problems.append(f"bridge network subnets overlap: {subnet}")
            subnets.append(subnet)
        pools.append(pool)
    if problems:
        raise InvalidParameter("invalid network config:\n" + "\n".join(problems))
    return tuple(pools)


def _problems(pool: Pool) -> tuple[list[str], Network | None]:
    if not pool.subnet:
        given = pool.ip_range or pool.gateway or pool.auxiliary
        return (["every ip-range or gateway must have a corresponding subnet"] if given else []), None
    try:
        subnet = ipaddress.ip_network(pool.subnet, strict=False)
        if "/" not in pool.subnet:
            raise ValueError
    except ValueError:
        return [f"invalid subnet {pool.subnet}: invalid CIDR block notation"], None
    problems = []
    if str(subnet) != str(ipaddress.ip_interface(pool.subnet)):
        problems.append(f"invalid subnet {pool.subnet}: it should be {subnet}")
    if pool.ip_range:
        problems += _range_problems(pool.ip_range, subnet)
    if pool.gateway:
        problems += _address_problems("gateway", pool.gateway, subnet)
    for name, address in (pool.auxiliary or {}).items():
        problems += _address_problems("auxiliary", address, subnet, name)
    return problems, subnet


def _range_problems(text: str, subnet: Network) -> list[str]:
    try:
        allowed = ipaddress.ip_network(text, strict=False)
        if "/" not in text:
            raise ValueError
    except ValueError:
        return [f"invalid ip-range {text}: invalid CIDR block notation"]
    problems = []
    if str(allowed) != str(ipaddress.ip_interface(text)):
        problems.append(f"invalid ip-range {text}: it should be {allowed}")
    if allowed.version != subnet.version or not allowed.subnet_of(subnet):  # type: ignore[arg-type]
        size = "invalid ip-range" if allowed.version == subnet.version else "invalid ip-range family"
        problems.append(f"{size} {text}: parent subnet {subnet} doesn't contain ip-range")
    return problems


def _address_problems(what: str, text: str, subnet: Network, name: str = "") -> list[str]:
    label = f"{what} address {text}" if not name else f"auxiliary address {text}"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return [f"invalid {label}: invalid address"]
    if address.version != subnet.version or address not in subnet:
        return [f"invalid {label}: parent subnet {subnet} doesn't contain this address"]
    return []


def _switch(request: Mapping[str, Any], key: str, options: Mapping[str, str], option: str, default: bool) -> bool:
    """The request's own field, else the option's, else the default."""
    if request.get(key) is not None:
        return bool(_field(request, key, bool))
    return _bool(option, options[option]) if options.get(option) else default


def _bool(option: str, text: str) -> bool:
    try:
        return parse_bool(text)
    except ValueError as error:
        raise InvalidParameter(f"invalid value for '{option}': {error}") from None


def _address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise InvalidParameter(f"invalid IP address: {text}") from None


def _field(request: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """`key` of the request, or the kind's empty value."""
    value = request.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise InvalidParameter(f"invalid JSON: {key} has a wrong type")
    return value


def _strings(request: Mapping[str, Any], key: str) -> dict[str, str]:
    value = _field(request, key, dict)
    if not all(isinstance(one, str) for one in value.values()):
        raise InvalidParameter(f"invalid JSON: {key} has a wrong type")
    return value  # type: ignore[no-any-return]
