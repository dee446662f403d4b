"""`rename`."""

from pydock.cli.exits import Exit
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Give the container its new name."""
    old, new = (name.strip() for name in arguments)
    if not old or not new:
        raise Exit("Error: Neither old nor new names may be empty")
    try:
        containers.rename(console.engine(), old, new)
    except PydockError as error:
        console.err.line(error.message)
        raise Exit(f"Error: failed to rename container named {old}") from None


COMMAND = Command("CONTAINER NEW_NAME", "Give a container another name", run, (), (2, 2), "container rename, rename")
