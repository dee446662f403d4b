"""`--network` and what goes with it: the endpoints of a new container.  Called by `values` and `request`."""

from pydock.cli.create.mounts import fields
from pydock.cli.exits import Exit
from pydock.cli.flags import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.flags import Options

    Attachment = dict[str, Any]

_BUILT_IN = ("default", "bridge", "host", "none", "nat")


def parse_attachment(value: str) -> "Attachment":
    """NAME, or name=NAME and further fields."""
    import re

    if not re.search(r"\w+=\w+(,\w+=\w+)*", value):
        return {"target": value}
    found: Attachment = {"target": "", "aliases": [], "local": [], "options": {}}
    for field in fields(value):
        key, equals, text = field.lower().partition("=")
        if not equals or not key:
            raise ValueError(f"invalid field {field}")
        key, text = key.strip(), text.strip()
        if key == "name":
            found["target"] = text
        elif key == "alias":
            found["aliases"].append(text)
        elif key in ("ip", "ip6", "mac-address"):
            found[key] = text
        elif key == "link-local-ip":
            found["local"].append(text)
        elif key == "driver-opt":
            name, sign, option = text.partition("=")
            if not sign or not name:
                raise ValueError("invalid key value pair format in driver options")
            found["options"][name.strip()] = option.strip()
        elif key == "gw-priority":
            try:
                found["priority"] = int(text)
            except ValueError:
                raise ValueError(f"invalid gw-priority ({text}): invalid syntax") from None
            if not -(1 << 63) <= found["priority"] < 1 << 63:
                raise ValueError(f"invalid gw-priority ({text}): value out of range")
        else:
            raise ValueError(f"invalid field key {key}")
    if not found["target"]:
        raise ValueError("network name/id is not specified")
    return found


def user_defined(name: str) -> bool:
    """Whether `name` is a network that somebody made, rather than a mode."""
    return name not in _BUILT_IN and not name.startswith("container:")


def check_mac(value: str) -> None:
    """Raise Exit where `value` is no MAC address."""
    text = value.strip()
    for separator, width in ((":", 2), ("-", 2), (".", 4)):
        parts = text.split(separator)
        if len(parts) * width // 2 in (6, 8, 20) and all(len(p) == width and _is_hex(p) for p in parts):
            return
    raise Exit(f"{value} is not a valid mac address")


def _is_hex(text: str) -> bool:
    return not set(text) - set("0123456789abcdefABCDEF")


def endpoints(options: "Options") -> "dict[str, Any]":
    """EndpointsConfig by network."""
    attachments: list[Attachment] = options.network
    made: dict[str, Any] = {}
    if not attachments:
        attachment: Attachment = {"target": "default"}
        _apply(attachment, options)
        made["default"] = endpoint(attachment)
    kinds = {user_defined(attachment["target"]) for attachment in attachments}
    for number, attachment in enumerate(attachments):
        if number == 0:
            _apply(attachment, options)
        settings = endpoint(attachment)
        target = attachment["target"]
        if target in made:
            raise Exit(f"network {quoted(target)} is specified multiple times")
        if len(attachments) == 1 and not settings:
            continue
        made[target] = settings
    if len(kinds) > 1:
        raise Exit("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
    return made


def _apply(attachment: "Attachment", options: "Options") -> None:
    for key, value, flag, other in (
        ("aliases", options.network_alias, "--network-alias", "per-network alias"),
        ("links", options.link, "--link", "per-network links"),
        ("ip", options.ip, "--ip", "per-network IPv4 address"),
        ("ip6", options.ip6, "--ip6", "per-network IPv6 address"),
        ("mac-address", options.mac_address, "--mac-address", "per-network MAC address"),
        ("local", options.link_local_ip, "--link-local-ip", "per-network link-local IP addresses"),
    ):
        if not value:
            continue
        if attachment.get(key):
            raise Exit(f"conflicting options: cannot specify both {flag} and {other}")
        # on the default bridge, --link is an option of the container, not of its endpoint
        if key != "links" or user_defined(attachment["target"]):
            attachment[key] = value


def endpoint(attachment: "Attachment") -> "dict[str, Any]":
    """EndpointSettings of one attachment."""
    target = attachment["target"]
    if not target.strip():
        raise Exit("no name set for network")
    if not user_defined(target):
        if attachment.get("aliases"):
            raise Exit("network-scoped aliases are only supported for user-defined networks")
        if attachment.get("links"):
            raise Exit("links are only supported for user-defined networks")
    if mac := attachment.get("mac-address"):
        check_mac(mac)
    addresses = {
        "IPv4Address": attachment.get("ip"),
        "IPv6Address": attachment.get("ip6"),
        "LinkLocalIPs": attachment.get("local"),
    }
    settings: dict[str, Any] = {
        "IPAMConfig": {name: value for name, value in addresses.items() if value},
        "Links": attachment.get("links"),
        "Aliases": attachment.get("aliases"),
        "MacAddress": mac,
        "DriverOpts": attachment.get("options"),
        "GwPriority": attachment.get("priority", 0),
    }
    return {name: value for name, value in settings.items() if value}
