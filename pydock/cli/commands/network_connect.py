"""`network connect`."""

from pydock.cli.commands.network_create import split
from pydock.cli.create.flags import later
from pydock.cli.exits import Exit
from pydock.cli.flags import integer, listing, text
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options") -> "dict[str, Any]":
    """The body of POST /networks/{id}/connect."""
    drivers: dict[str, str] = {}
    for option in split(options.driver_opt):
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise Exit("invalid key/value pair format in driver options")
        drivers[name.strip()] = value.strip()
    addresses = {
        "IPv4Address": options.ip,
        "IPv6Address": options.ip6,
        "LinkLocalIPs": split(options.link_local_ip),
    }
    endpoint = {
        "IPAMConfig": {name: value for name, value in addresses.items() if value},
        "Links": options.link or None,
        "Aliases": split(options.alias),
        "MacAddress": "",
        "DriverOpts": drivers,
        "GwPriority": options.gw_priority,
    }
    return {"EndpointConfig": endpoint}


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Connect the container."""
    network, container = arguments
    system.network_connect(console.engine(), network, container, build_request(options))


COMMAND = Command(
    "[OPTIONS] NETWORK CONTAINER",
    "Connect a container to a network",
    run,
    (
        text("ip", 'IPv4 address ("172.30.100.104")'),
        text("ip6", 'IPv6 address ("2001:db8::33")'),
        listing("link", "Link to another container", check=later("link")),
        listing("alias", "The container's further name on the network", kind="strings"),
        listing("link-local-ip", "Link-local address of the container", kind="strings"),
        listing("driver-opt", "Option of the network's driver", kind="strings"),
        integer("gw-priority", "The network with the highest number gives the default gateway; may be negative"),
    ),
    (2, 2),
)
