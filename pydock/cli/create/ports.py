"""`-p` and `--expose`: published ports.  Called by `request` when one of them is given."""

from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOLS = ("tcp", "udp", "sctp")


def standard(value: str) -> str:
    """`published=8080,target=80` as `8080:80/tcp`; other values as they are."""
    if "=" not in value:
        return value
    found = {"protocol": "tcp", "published": "", "target": ""}
    for part in value.split(","):
        key, equals, text = part.partition("=")
        if not equals or not key:
            raise Exit(f"invalid publish opts format (should be name=value but got '{part}')")
        found[key] = text
    return f"{found['published']}:{found['target']}/{found['protocol']}"


def publish(values: "list[str]") -> "tuple[dict[str, Any], dict[str, list[dict[str, str]]]]":
    """Exposed ports and port bindings of the values of `-p`."""
    exposed: dict[str, Any] = {}
    bindings: dict[str, list[dict[str, str]]] = {}
    for value in values:
        for port, binding in _mappings(standard(value)):
            exposed.setdefault(port, {})
            bindings.setdefault(port, []).append(binding)
    return exposed, bindings


def _mappings(raw: str) -> "list[tuple[str, dict[str, str]]]":
    spec, slash, protocol = raw.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    host, published, target = _split(spec)
    if not target:
        raise Exit(f"No port specified: {raw}<empty>")
    if protocol not in PROTOCOLS:
        raise Exit(f"Invalid proto: {protocol}")
    first, last = port_range(target, f"Invalid containerPort: {target}")
    if not published:
        return [(f"{port}/{protocol}", {"HostIp": host, "HostPort": ""}) for port in range(first, last + 1)]
    low, high = port_range(published, f"Invalid hostPort: {published}")
    if high - low != last - first:
        if first != last:
            raise Exit(f"Invalid ranges specified for container and host Ports: {target} and {published}")
        # one port of the container on whichever of the range is free
        return [(f"{first}/{protocol}", {"HostIp": host, "HostPort": f"{low}-{high}"})]
    return [
        (f"{first + offset}/{protocol}", {"HostIp": host, "HostPort": str(low + offset)})
        for offset in range(last - first + 1)
    ]


def _split(spec: str) -> "tuple[str, str, str]":
    parts = spec.split(":")
    target = parts.pop()
    published = parts.pop() if parts else ""
    host = ":".join(parts)
    if not host:
        return "", published, target
    if host.startswith("["):
        inner = host[1:].removesuffix("]")
        if not host.endswith("]"):
            raise Exit(f"Invalid ip address {host}: address {host}: missing ']' in address")
        host = inner
    elif ":" in host:
        raise Exit(f"Invalid ip address {host}: address {host}:: too many colons in address")
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise Exit(f"Invalid ip address: {host}") from None
    return host, published, target


def port_range(text: str, wrong: str) -> "tuple[int, int]":
    """`8000-8010` or `80` as two numbers."""
    low, dash, high = text.partition("-")
    try:
        if not (low.isascii() and low.isdigit()) or (dash and not (high.isascii() and high.isdigit())):
            raise ValueError
        first, last = int(low), int(high if dash else low)
    except ValueError:
        raise Exit(wrong) from None
    if last < first or last > 65535:
        raise Exit(wrong)
    return first, last


def expose(values: "list[str]", exposed: "dict[str, Any]") -> None:
    """Add the ports of `--expose` to `exposed`."""
    for value in values:
        if ":" in value:
            raise Exit(f"invalid port format for --expose: {value}")
        ports, _, protocol = value.partition("/")
        protocol = protocol or "tcp"
        first, last = port_range(ports, f"invalid range format for --expose: {value}, error: {_reason(ports)}")
        for port in range(first, last + 1):
            exposed.setdefault(f"{port}/{protocol}", {})


def _reason(ports: str) -> str:
    from pydock.cli.flags import quoted

    if not ports:
        return "Empty string specified for ports."
    for part in ports.split("-", 1):
        if not (part.isascii() and part.isdigit()):
            return f"strconv.ParseUint: parsing {quoted(part)}: invalid syntax"
        if int(part) > 65535:
            return f"strconv.ParseUint: parsing {quoted(part)}: value out of range"
    return f"Invalid range specified for the Port: {ports}"
