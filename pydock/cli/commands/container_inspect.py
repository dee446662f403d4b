"""`container inspect`."""

from pydock.cli.flags import boolean
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the containers."""
    engine = console.engine()

    def look(name: str) -> "tuple[str, bytes]":
        return "*container.InspectResponse", containers.inspect_text(engine, name, options.size)

    inspect(console, arguments, options.format, look)


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Show all that the engine knows of containers",
    run,
    (format_flag(INSPECT_HELP, "f"), boolean("size", "Show sizes", "s")),
    (1, -1),
)
