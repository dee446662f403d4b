"""`port`."""

from pydock.cli.exits import Exit
from pydock.cli.format.container import host_port
from pydock.cli.natural import natural_key
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show where one port, or every port, is published."""
    found = containers.inspect(console.engine(), arguments[0])
    ports: dict[str, Any] = found["NetworkSettings"].get("Ports") or {}
    if len(arguments) > 1:
        lines = _one(ports, arguments[1], arguments[0])
    else:
        lines = [f"{port} -> {place}" for port, bindings in ports.items() for place in _places(bindings)]
    for line in sorted(lines, key=natural_key):
        console.out.line(line)


def _one(ports: "dict[str, Any]", wanted: str, container: str) -> "list[str]":
    port, _, protocol = wanted.partition("/")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        from pydock.cli.flags import quoted

        reason = "value out of range" if port.isascii() and port.isdigit() else "invalid syntax"
        raise Exit(f"Error: invalid port ({port}): strconv.ParseUint: parsing {quoted(port)}: {reason}")
    bindings = ports.get(f"{port}/{protocol or 'tcp'}")
    if not bindings:
        raise Exit(f"Error: No public port '{wanted}' published for {container}")
    return _places(bindings)


def _places(bindings: "list[dict[str, str]] | None") -> "list[str]":
    return [host_port(binding["HostIp"], binding["HostPort"]) for binding in bindings or []]


COMMAND = Command(
    "CONTAINER [PRIVATE_PORT[/PROTO]]",
    "Show where a container's ports are published",
    run,
    (),
    (1, 2),
    "container port, port",
)
