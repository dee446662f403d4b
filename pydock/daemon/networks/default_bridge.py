"""The default network's subnets: by the configuration, and by the addresses that its bridge has already.

Called by `predefined` at every start.  Pure.
"""

import contextlib
import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydock.daemon.networks.pools import with_gateway
from pydock.daemon.networks.record import Pool
from pydock.errors import InvalidParameter
from pydock.linux.rtnetlink import Interface, Network

_OPTIONS: Final = {4: ("bip", "fixed-cidr"), 6: ("bip6", "fixed-cidr-v6")}
#: where the kernel's own addresses are
_OF_LINK: Final = ipaddress.IPv6Network("fe80::/64")
log = logging.getLogger("pydock")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration says of one IP version; "" where it says nothing."""

    version: int
    #: the bridge's address with its length
    address: str = ""
    #: what containers' addresses are chosen from
    fixed: str = ""
    gateway: str = ""

    @property
    def auxiliary(self) -> dict[str, str] | None:
        """The addresses that containers do not get."""
        return {f"DefaultGatewayIPv{self.version}": self.gateway} if self.gateway else None


def configured(wanted: Wanted, present: Sequence[Interface], users: bool) -> Pool | None:
    """The subnet by the configuration or by the addresses `present`; None where it is the engine's to choose.

    ``users``: the bridge is the user's, whose addresses are not changed.  InvalidParameter for what cannot be.
    """
    address_option, fixed_option = _OPTIONS[wanted.version]
    fixed = _interface(wanted, wanted.fixed, fixed_option)
    bridge = _interface(wanted, wanted.address, address_option) or _select(wanted.version, present, fixed, users)
    if bridge and bridge.ip == bridge.network.network_address and wanted.address and bridge.version == 4:
        raise InvalidParameter(f"invalid bridge address: {wanted.address}")
    allowed = str(fixed.network) if fixed else ""
    if bridge and fixed and users and not _lies_in(fixed, bridge.network):
        allowed = ""
        if wanted.version == 6:
            raise InvalidParameter(
                f"{fixed_option}={wanted.fixed} is outside any subnet implied by addresses on the user-managed default "
                "bridge"
            )
        log.warning("%s is outside any subnet implied by addresses on the bridge: it is not heeded", fixed_option)
    if bridge:
        return Pool(str(bridge.network), allowed, str(bridge.ip), wanted.auxiliary)
    if fixed:
        return with_gateway(Pool(allowed, allowed, "", wanted.auxiliary, chosen=True))
    return None


def chosen(wanted: Wanted, network: Network) -> Pool:
    """The subnet that the engine chose."""
    return Pool(str(network), "", str(network.network_address + 1), wanted.auxiliary)


def _interface(wanted: Wanted, text: str, option: str) -> Interface | None:
    if not text:
        return None
    with contextlib.suppress(ValueError):
        found = ipaddress.ip_interface(text)
        if found.version == wanted.version and "/" in text:
            return found
    raise InvalidParameter(f"parse --{option} failed: invalid CIDR address: {text}")


def _lies_in(fixed: Interface, network: Network) -> bool:
    return fixed.ip in network and fixed.network.prefixlen >= network.prefixlen


def _select(version: int, present: Sequence[Interface], fixed: Interface | None, users: bool) -> Interface | None:
    """The address that the bridge has and keeps: whose subnet `fixed` is in, or that is in `fixed`, or any."""
    keeps_own = fixed is not None and fixed.ip in _OF_LINK
    there = [one for one in present if one.version == version and (keeps_own or one.ip not in _OF_LINK)]
    if not there:
        return None
    if fixed is None:
        return there[0]
    around = [one for one in there if fixed.ip in one.network]
    inside = [one for one in there if one.ip in fixed.network]
    found = (around or inside or there)[0]
    if users:
        return found
    if not around:
        return None  # `fixed` has changed
    length = min(found.network.prefixlen, fixed.network.prefixlen)
    return ipaddress.ip_interface(f"{found.ip}/{length}")
