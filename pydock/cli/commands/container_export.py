"""`export`."""

from pydock.cli import outfile
from pydock.cli.flags import text
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Write the root filesystem as a tar."""
    outfile.check(console, options.output, "export container")
    outfile.write(console, options.output, containers.export(console.engine(), arguments[0]))


COMMAND = Command(
    "[OPTIONS] CONTAINER",
    "Write a container's root filesystem as a tar",
    run,
    (text("output", "File to write to, instead of standard output", "o"),),
    (1, 1),
    "container export, export",
)
