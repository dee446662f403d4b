"""`network rm`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean
from pydock.cli.spec import Command
from pydock.client import system
from pydock.errors import NotFound, PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Remove the networks; each failure is told at once."""
    failed = False
    for name in arguments:
        try:
            system.network_remove(console.engine(), name)
        except PydockError as error:
            if options.force and isinstance(error, NotFound):
                continue
            console.out.flush()
            console.err.line(error.message)
            failed = True
            continue
        console.out.line(name)
    if failed:
        raise Exit("exit status 1")


COMMAND = Command(
    "NETWORK [NETWORK...]",
    "Remove networks",
    run,
    (boolean("force", "Be content where there is no such network", "f"),),
    (1, -1),
    "network rm, network remove",
)
