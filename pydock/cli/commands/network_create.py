"""`network create`."""

import ipaddress

from pydock.cli.create.flags import later
from pydock.cli.create.request import pairs
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, listing, text
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options", name: str) -> "dict[str, Any]":
    """The body of POST /networks/create."""
    body: dict[str, Any] = {
        "Name": name,
        "Driver": options.driver,
        "Scope": options.scope,
        "IPAM": ipam(options),
        "Internal": options.internal,
        "Attachable": options.attachable,
        "Ingress": options.ingress,
        "ConfigOnly": options.config_only,
        "ConfigFrom": {"Network": options.config_from} if options.config_from else None,
        "Options": pairs(options.opt),
        "Labels": pairs(options.label),
    }
    if "ipv4" in options.changed:
        body["EnableIPv4"] = options.ipv4
    if "ipv6" in options.changed:
        body["EnableIPv6"] = options.ipv6
    return body


def split(values: "list[str]") -> "list[str]":
    """The comma-separated parts of each value."""
    return [part for value in values for part in value.split(",")]


def ipam(options: "Options") -> "dict[str, Any]":
    """The addresses that the options plan, each range and gateway with its subnet."""
    subnets, ranges, gateways = split(options.subnet), split(options.ip_range), split(options.gateway)
    if len(subnets) < len(ranges) or len(subnets) < len(gateways):
        raise Exit("every ip-range or gateway must have a corresponding subnet")
    plans: dict[str, dict[str, Any]] = {}
    for subnet in subnets:
        if any(_within(subnet, other) or _within(other, subnet) for other in plans):
            raise Exit("multiple overlapping subnet configuration is not supported")
        plans[subnet] = {"Subnet": subnet}
    for value in ranges:
        _parse_network(value, "")
        _place(plans, value, "IPRange", "range", ("ranges", "on"))
    for value in gateways:
        _place(plans, value, "Gateway", "gateway", ("gateways", "for"))
    for key, value in pairs(options.aux_address).items():
        plan = next((plan for subnet, plan in plans.items() if _within(subnet, value)), None)
        if plan is None:
            raise Exit(f"no matching subnet for aux-address {value}")
        plan.setdefault("AuxiliaryAddresses", {})[key] = value
    return {"Driver": options.ipam_driver, "Options": pairs(options.ipam_opt), "Config": list(plans.values())}


def _place(plans: "dict[str, dict[str, Any]]", value: str, key: str, what: str, words: "tuple[str, str]") -> None:
    matched = False
    for subnet, plan in plans.items():
        if not _within(subnet, value):
            continue
        if plan.get(key):
            several, link = words
            raise Exit(f"cannot configure multiple {several} ({value}, {plan[key]}) {link} the same subnet ({subnet})")
        plan[key] = value
        matched = True
    if not matched:
        raise Exit(f"no matching subnet for {what} {value}")


def _parse_network(value: str, prefix: str) -> "ipaddress.IPv4Network | ipaddress.IPv6Network":
    try:
        if "/" not in value:
            raise ValueError
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise Exit(f"{prefix}invalid CIDR address: {value}") from None


def _within(subnet: str, value: str) -> bool:
    network = _parse_network(subnet, "invalid subnet: ")
    if "/" in value:
        _parse_network(value, "")
        value = value.partition("/")[0]
    try:
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Create the network and print its ID."""
    answer = system.network_create(console.engine(), build_request(options, arguments[0]))
    console.out.line(answer["Id"])


COMMAND = Command(
    "[OPTIONS] NETWORK",
    "Create a network",
    run,
    (
        text("driver", "Driver that manages the network", "d", "bridge"),
        listing("opt", "Option of the driver", "o", "map"),
        listing("label", "Set a label", check=later("label")),
        boolean("internal", "Let the network lead nowhere outside"),
        boolean("ipv4", "Give IPv4 addresses, or not", default=True),
        boolean("ipv6", "Give IPv6 addresses, or not"),
        boolean("attachable", "Let containers be attached by hand"),
        boolean("ingress", "Make swarm's routing-mesh network"),
        text("scope", "The network's scope"),
        boolean("config-only", "Make a network that is only a configuration"),
        text("config-from", "Network to copy the configuration from"),
        text("ipam-driver", "Driver that manages addresses", default="default"),
        listing("subnet", "Subnet of the network, in CIDR format", kind="strings"),
        listing("ip-range", "Part of the subnet that containers get addresses from", kind="strings"),
        listing("gateway", "IPv4 or IPv6 gateway of the subnet", kind="strings"),
        listing("aux-address", "Address that the driver uses itself", kind="map"),
        listing("ipam-opt", "Option of the address driver", kind="map"),
    ),
    (1, 1),
)
