"""`volume update`: for cluster volumes, which an engine on one machine hasn't."""

from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options, text
from pydock.cli.spec import Command
from pydock.client import system


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Refuse, once it is clear that the volume exists."""
    for name in arguments:
        system.volume_inspect(console.engine(), name)
    raise Exit("can only update cluster volumes")


COMMAND = Command(
    "[OPTIONS] [VOLUME]",
    "Update a cluster volume (which there are none of here)",
    run,
    (text("availability", 'Availability of the cluster volume ("active", "pause", "drain")', default="active"),),
    (1, 1),
)
