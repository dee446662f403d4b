"""`volume rm`."""

from pydock.cli.each import for_each
from pydock.cli.flags import boolean
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Remove the volumes."""
    for_each(console, arguments, lambda engine, name: system.volume_remove(engine, name, options.force))


COMMAND = Command(
    "[OPTIONS] VOLUME [VOLUME...]",
    "Remove volumes",
    run,
    (boolean("force", "Be content where there is no such volume", "f"),),
    (1, -1),
    "volume rm, volume remove",
)
COMMAND.long = "Remove volumes. One that a container uses can't be removed."
