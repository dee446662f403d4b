"""`diff`."""

from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_KINDS = {0: "C", 1: "A", 2: "D"}


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """List what was changed, added and deleted."""
    for change in containers.changes(console.engine(), arguments[0]):
        console.out.told(f"{_KINDS.get(change['Kind'], '')} {change['Path']}")


COMMAND = Command(
    "CONTAINER", "List what has changed in a container's root filesystem", run, (), (1, 1), "container diff, diff"
)
