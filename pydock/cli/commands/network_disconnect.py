"""`network disconnect`."""

from pydock.cli.flags import boolean
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Disconnect the container."""
    network, container = arguments
    system.network_disconnect(console.engine(), network, container, options.force)


COMMAND = Command(
    "[OPTIONS] NETWORK CONTAINER",
    "Disconnect a container from a network",
    run,
    (boolean("force", "Disconnect even where the container is gone", "f"),),
    (2, 2),
)
