"""`network inspect`."""

from pydock.cli.flags import boolean
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the networks."""
    engine = console.engine()

    def look(name: str) -> "tuple[str, bytes]":
        return "network.Inspect", system.network_inspect(engine, name, options.verbose)

    inspect(console, arguments, options.format, look)


COMMAND = Command(
    "[OPTIONS] NETWORK [NETWORK...]",
    "Show all that the engine knows of networks",
    run,
    (format_flag(INSPECT_HELP, "f"), boolean("verbose", "Show more, for finding faults", "v")),
    (1, -1),
)
