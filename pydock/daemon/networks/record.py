"""What is kept of a network, and which driver options mean what.

Made by `request` from a create request, stored by `state/networks.py`, shown by `wire`.  A network never changes.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pydock.linux.rtnetlink import Address, Network

_BRIDGE: Final = "com.docker.network.bridge."
BRIDGE_NAME: Final = _BRIDGE + "name"
MASQUERADE: Final = _BRIDGE + "enable_ip_masquerade"
ICC: Final = _BRIDGE + "enable_icc"
HOST_BINDING: Final = _BRIDGE + "host_binding_ipv4"
DEFAULT_BRIDGE: Final = _BRIDGE + "default_bridge"
#: interfaces, separated by colons, by which published ports may be reached at the container's own address
TRUSTED: Final = _BRIDGE + "trusted_host_interfaces"
INHIBIT_IPV4: Final = _BRIDGE + "inhibit_ipv4"
GATEWAY_MODES: Final = {4: _BRIDGE + "gateway_mode_ipv4", 6: _BRIDGE + "gateway_mode_ipv6"}
HOST_SOURCES: Final = {4: "com.docker.network.host_ipv4", 6: "com.docker.network.host_ipv6"}
MTU: Final = "com.docker.network.driver.mtu"
INTERFACE_PREFIX: Final = "com.docker.network.container_iface_prefix"
#: how often neighbours are told of addresses, and the milliseconds between
ANNOUNCEMENTS: Final = "com.docker.network.advertise_addr_nmsgs"
ANNOUNCEMENT_INTERVAL: Final = "com.docker.network.advertise_addr_ms"
ENABLE_IPV4: Final = "com.docker.network.enable_ipv4"
ENABLE_IPV6: Final = "com.docker.network.enable_ipv6"

#: the networks that are always there
PREDEFINED: Final = ("bridge", "host", "none")


@dataclass(frozen=True, slots=True)
class Pool:
    """One subnet of a network; addresses as text, "" where there is none.

    ``chosen``: by the user; ``implied``: its gateway is not, which Docker does not show then.
    """

    subnet: str
    ip_range: str = ""
    gateway: str = ""
    auxiliary: Mapping[str, str] | None = None
    chosen: bool = False
    implied: bool = False

    @property
    def network(self) -> Network:
        """The subnet."""
        return ipaddress.ip_network(self.subnet, strict=False)

    @property
    def gateway_address(self) -> Address | None:
        """The gateway."""
        return ipaddress.ip_address(self.gateway) if self.gateway else None


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """A network.  ``created``: nanoseconds since the epoch; ``config_from``: whose configuration it took."""

    id: str
    name: str
    created: int
    driver: str
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    ipam_driver: str = "default"
    ipam_options: Mapping[str, str] | None = None
    pools: tuple[Pool, ...] = ()
    #: what the user gave for an IP version that is off: shown, not used
    unused_pools: tuple[Pool, ...] = ()
    internal: bool = False
    attachable: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    config_only: bool = False
    config_from: str = ""
    #: the bridge, or the parent of a macvlan or ipvlan network, was made for it and goes with it
    made_link: bool = True

    @property
    def predefined(self) -> bool:
        """Whether it is one of those that cannot be removed."""
        return self.name in PREDEFINED

    @property
    def user_defined(self) -> bool:
        """Whether it has names and aliases: not so on the predefined ones."""
        return not self.predefined

    @property
    def bridge_name(self) -> str:
        """The bridge's interface."""
        return self.options.get(BRIDGE_NAME) or f"br-{self.id[:12]}"

    @property
    def parent(self) -> str:
        """The interface below a macvlan or ipvlan network; without one a dummy is made."""
        return self.options.get("parent") or f"dm-{self.id[:12]}"

    @property
    def mtu(self) -> int:
        """The interfaces' MTU, 0 for the kernel's own."""
        text = self.options.get(MTU, "")
        return int(text) if text.isdigit() else 0

    def gateway_mode(self, version: int) -> str:
        """nat, routed, nat-unprotected or isolated."""
        return self.options.get(GATEWAY_MODES[version]) or "nat"

    def flag(self, option: str, default: bool) -> bool:
        """An option that is true or false."""
        text = self.options.get(option, "")
        return parse_bool(text) if text else default

    def to_record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "NetworkRecord":
        """The inverse of `to_record`; ValueError, TypeError and the like where that never made it."""
        pools = {key: tuple(Pool(**pool) for pool in record.get(key, ())) for key in ("pools", "unused_pools")}
        made = cls(**{**record, **pools})
        texts = [made.id, made.name, made.driver, made.config_from]
        for values in (made.options, made.labels):
            texts += [*values, *values.values()]
        if not all(isinstance(text, str) for text in texts) or not isinstance(made.created, int):
            raise ValueError("a value is of another type")
        return made


def parse_bool(text: str) -> bool:
    """As Go's strconv.ParseBool reads it; ValueError where it does not."""
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
