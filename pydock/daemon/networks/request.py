"""A network's create request, checked: from the wire's JSON to a draft without addresses of the engine's choice.

Called by the networks service.  Pure; what is wrong is told in Docker's words, several wrongs of the IPAM at once.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydock.daemon.networks import pools
from pydock.daemon.networks.record import (
    ANNOUNCEMENT_INTERVAL,
    ANNOUNCEMENTS,
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
    TRUSTED,
    Pool,
    parse_bool,
)
from pydock.errors import Forbidden, InvalidParameter, NotFound
from pydock.linux.rtnetlink import IPVLAN_FLAGS, IPVLAN_MODES, MACVLAN_MODES
from pydock.network.bridge import LONGEST_NAME

DRIVERS_WITH_PARENT: Final = ("macvlan", "ipvlan")
DRIVERS: Final = ("bridge", *DRIVERS_WITH_PARENT)
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
    name, driver = request.get("Name") or "", request.get("Driver") or "bridge"
    if name in PREDEFINED or name == "default":
        raise Forbidden(f"operation is not permitted on predefined {name} network ")
    config_only = bool(request.get("ConfigOnly"))
    config_from = (request.get("ConfigFrom") or {}).get("Network") or ""
    options = {**(defaults.get(driver, {}) if not config_from else {}), **(request.get("Options") or {})}
    enable_ipv4 = _switch(request, "EnableIPv4", options, ENABLE_IPV4, True)
    enable_ipv6 = _switch(request, "EnableIPv6", options, ENABLE_IPV6, ipv6)
    ipam = request.get("IPAM") or {}
    wanted = pools.parse(ipam, enable_ipv6)
    _check_name(name)
    if config_only and config_from:
        raise Forbidden("a configuration network cannot depend on another configuration network")
    if not config_only:
        _check_driver(driver)
    if request.get("Ingress"):
        raise Forbidden("Ingress network can only be global scope network")
    if (scope := request.get("Scope") or "") not in ("", "local"):
        raise Forbidden(f"cannot create a {scope} scoped network when swarm is not active")
    if not enable_ipv4 and not enable_ipv6 and driver == "bridge":
        raise InvalidParameter("IPv4 or IPv6 must be enabled")
    ipam_driver = ipam.get("Driver") or "default"
    if ipam_driver not in ("default", "null"):
        raise NotFound(f'plugin "{ipam_driver}" not found')
    draft = Draft(
        name, "null" if config_only else driver, enable_ipv4, enable_ipv6, ipam_driver,
        ipam.get("Options"),
        wanted, bool(request.get("Internal")), bool(request.get("Attachable")),
        options, request.get("Labels") or {}, config_only, config_from,
    )  # fmt: skip
    if not config_only:
        check_options(draft.driver, draft.options, draft.internal)
    return draft


def check_options(driver: str, options: Mapping[str, str], internal: bool) -> None:
    """Refuse driver options that could not be carried out."""
    _check_mtu(options.get(MTU, ""))
    for option in (MASQUERADE, ICC, INHIBIT_IPV4):
        if option in options:
            try:
                parse_bool(options[option])
            except ValueError as error:
                raise _unread(option, options, str(error)) from None
    for option in GATEWAY_MODES.values():
        mode = options.get(option, "nat")
        if mode not in _MODES:
            raise _unread(option, options, f"unknown gateway mode {mode}")
        if mode == "isolated" and not internal:
            raise InvalidParameter("gateway mode 'isolated' can only be used for an internal network")
    _check_number(options, ANNOUNCEMENTS, 0, 3, "an integer")
    _check_number(options, ANNOUNCEMENT_INTERVAL, 100, 2000, "integer milliseconds")
    for option, version in ((HOST_BINDING, 0), *((option, version) for version, option in HOST_SOURCES.items())):
        if option in options:
            _check_address(option, options, version)
    for option in (BRIDGE_NAME, "parent"):
        _check_link_name(options.get(option, ""))
    for name in options.get(TRUSTED, "").split(":"):
        _check_link_name(name)
    prefix = options.get(INTERFACE_PREFIX, "")
    _check_link_name(prefix + "0" * 3 if prefix else "")
    if driver in DRIVERS_WITH_PARENT:
        check_parent_options(driver, options)


def check_parent_options(driver: str, options: Mapping[str, str]) -> None:
    """Refuse what a macvlan or ipvlan network cannot have."""
    for modes, option, default in (
        (MACVLAN_MODES, "macvlan_mode", "'bridge' mode is the macvlan driver default"),
        (IPVLAN_MODES, "ipvlan_mode", "'l2' mode is the ipvlan driver default"),
        (IPVLAN_FLAGS, "ipvlan_flag", "'bridge' is the ipvlan driver default"),
    ):
        value = options.get(option, "")
        if option.startswith(driver) and value and value not in modes:
            raise InvalidParameter(f"requested {option.replace('_', ' ')} '{value}' is not valid, {default}")
    if options.get("parent") == "lo":
        raise InvalidParameter(f"loopback interface is not a valid {driver} parent link")


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidParameter("invalid name: name is empty")
    if len(name) > 255 or any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidParameter("invalid name: it is too long or has control characters")


def _check_driver(driver: str) -> None:
    if driver in ("host", "null"):
        raise Forbidden(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay":
        raise Forbidden(_NO_SWARM)
    if driver not in DRIVERS:
        raise NotFound(f'plugin "{driver}" not found')


def _check_link_name(name: str) -> None:
    if (
        len(name.encode()) > LONGEST_NAME
        or any(character.isspace() or character in "/:%" or not character.isprintable() for character in name)
        or name in (".", "..")
    ):
        raise InvalidParameter(f"invalid interface name: {name!r}")


def _switch(request: Mapping[str, Any], key: str, options: dict[str, str], option: str, default: bool) -> bool:
    """The request's own field, which no option may gainsay; else the option's; else the default."""
    if request.get(key) is not None:
        options.pop(option, None)
        return bool(request[key])
    try:
        return parse_bool(options[option]) if option in options else default
    except ValueError:
        raise InvalidParameter(f'driver-opt "{option}" is not a valid bool') from None


def _check_mtu(text: str) -> None:
    if re.fullmatch(r"-[0-9]+", text):
        raise InvalidParameter(f"invalid MTU number: {text}")
    if text and not (text.isascii() and text.isdigit()):
        raise _unread(MTU, {MTU: text}, f'strconv.Atoi: parsing "{text}": invalid syntax')
    if text and int(text) and not 68 <= int(text) <= 65535:
        raise InvalidParameter(f"invalid MTU number: {text}")


def _check_number(options: Mapping[str, str], option: str, least: int, most: int, what: str) -> None:
    text = options.get(option)
    if text is None:
        return
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise InvalidParameter(f'value for option {option} "{text}" must be {what}')
    if not least <= int(text) <= most:
        raise InvalidParameter(f"{option} must be in the range {least} to {most}")


def _check_address(option: str, options: Mapping[str, str], version: int) -> None:
    """An IP address, of that version unless it is 0."""
    try:
        address = ipaddress.ip_address(options[option])
    except ValueError:
        raise _unread(option, options, "nil ip") from None
    if version and address.version != version:
        raise _unread(option, options, f"not an IPv{version} address")


def _unread(option: str, options: Mapping[str, str], reason: str) -> InvalidParameter:
    return InvalidParameter(f"failed to parse {option} value: {options[option]} ({reason})")
