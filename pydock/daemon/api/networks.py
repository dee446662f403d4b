"""What clients send to create networks, and to connect containers to them, as Docker decodes it.

Called by the routes, which hand plain values to the services; `containers` has endpoints too.
"""

from typing import ClassVar

from pydock.daemon.api.go_json import GoObject, Int, Names, Pairs


class EndpointAddresses(GoObject):
    """``IPAMConfig`` of an endpoint."""

    GO: ClassVar = "network.EndpointIPAMConfig"

    IPv4Address: str = ""
    IPv6Address: str = ""
    LinkLocalIPs: Names = None


class EndpointSettings(GoObject):
    """A container's place in a network: what was asked for, and what an inspect adds to it."""

    GO: ClassVar = "network.EndpointSettings"

    IPAMConfig: EndpointAddresses | None = None
    Links: Names = None
    Aliases: Names = None
    MacAddress: str = ""
    DriverOpts: Pairs = None
    GwPriority: Int = 0
    NetworkID: str = ""
    EndpointID: str = ""
    Gateway: str = ""
    IPAddress: str = ""
    IPPrefixLen: Int = 0
    IPv6Gateway: str = ""
    GlobalIPv6Address: str = ""
    GlobalIPv6PrefixLen: Int = 0
    DNSNames: Names = None


class Pool(GoObject):
    """One of ``IPAM.Config``."""

    GO: ClassVar = "network.IPAMConfig"

    Subnet: str = ""
    IPRange: str = ""
    Gateway: str = ""
    AuxiliaryAddresses: Pairs = None


class AddressManagement(GoObject):
    """``IPAM``."""

    GO: ClassVar = "network.IPAM"

    Driver: str = ""
    Options: Pairs = None
    Config: list[Pool] | None = None


class ConfigReference(GoObject):
    """``ConfigFrom``."""

    GO: ClassVar = "network.ConfigReference"

    Network: str = ""


class NetworkCreate(GoObject):
    """The body of ``POST /networks/create``."""

    GO: ClassVar = "network.CreateRequest"

    Driver: str = ""
    Scope: str = ""
    EnableIPv4: bool | None = None
    EnableIPv6: bool | None = None
    IPAM: AddressManagement | None = None
    Internal: bool = False
    Attachable: bool = False
    Ingress: bool = False
    ConfigOnly: bool = False
    ConfigFrom: ConfigReference | None = None
    Options: Pairs = None
    Labels: Pairs = None
    Name: str = ""
    CheckDuplicate: bool | None = None


class NetworkConnect(GoObject):
    """The body of ``POST /networks/{id}/connect``."""

    GO: ClassVar = "network.ConnectOptions"

    Container: str = ""
    EndpointConfig: EndpointSettings | None = None


class NetworkDisconnect(GoObject):
    """The body of ``POST /networks/{id}/disconnect``."""

    GO: ClassVar = "network.DisconnectOptions"

    Container: str = ""
    Force: bool = False
