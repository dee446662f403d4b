"""`volume inspect`."""

from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the volumes."""
    engine = console.engine()

    def look(name: str) -> "tuple[str, bytes]":
        return "volume.Volume", system.volume_inspect(engine, name)

    inspect(console, arguments, options.format, look, raw=False)


COMMAND = Command(
    "[OPTIONS] VOLUME [VOLUME...]",
    "Show all that the engine knows of volumes",
    run,
    (format_flag(INSPECT_HELP, "f"),),
    (1, -1),
)
