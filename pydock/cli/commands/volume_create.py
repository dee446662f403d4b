"""`volume create`."""

from pydock.cli.create.flags import later
from pydock.cli.create.request import pairs
from pydock.cli.exits import Exit
from pydock.cli.flags import hidden, listing, text
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_CLUSTER = ("group", "scope", "sharing", "availability", "type", "secret", "limit-bytes", "required-bytes")
CLUSTER = (*_CLUSTER, "topology-required", "topology-preferred")


def build_request(options: "Options", arguments: "list[str]") -> "dict[str, Any]":
    """The body of POST /volumes/create."""
    name = options.name
    if arguments:
        if name:
            raise Exit("conflicting options: cannot specify a volume-name through both --name and as a positional arg")
        name = arguments[0]
    used = [flag for flag in CLUSTER if flag.replace("-", "_") in options.changed]
    if used:
        raise Exit(f"--{used[0]}: cluster volumes are not supported")
    body: dict[str, Any] = {
        "Name": name,
        "Driver": options.driver,
        "DriverOpts": pairs(options.opt),
        "Labels": pairs(options.label),
    }
    return {key: value for key, value in body.items() if value}  # as docker: inspect shows null for what was not told


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Create the volume and print its name."""
    answer = system.volume_create(console.engine(), build_request(options, arguments))
    console.out.line(answer["Name"])


COMMAND = Command(
    "[OPTIONS] [VOLUME]",
    "Create a volume",
    run,
    (
        text("driver", "Driver that manages the volume", "d", "local"),
        hidden(text("name", "The volume's name")),
        listing("opt", "Option of the driver", "o", "map"),
        listing("label", "Set a label", check=later("label")),
        *(hidden(text(name, "Of cluster volumes")) for name in CLUSTER),
    ),
    (0, 1),
)
