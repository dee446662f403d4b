"""`top`."""

from pydock.cli.spec import Command
from pydock.cli.table import align
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """List the processes of a container, with the columns that ps(1) makes of the options."""
    found = containers.top(console.engine(), arguments[0], arguments[1:])
    lines = ["\t".join(row) for row in [found["Titles"], *(found["Processes"] or [])]]
    for line in align(lines, minimum=20):
        console.out.line(line)


COMMAND = Command(
    "CONTAINER [ps OPTIONS]",
    "List the processes of a container",
    run,
    (),
    (1, -1),
    "container top, top",
)
COMMAND.interspersed = False
