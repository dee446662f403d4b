"""`kill`."""

from pydock.cli.each import for_each
from pydock.cli.flags import text
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Send a signal to running containers."""
    for_each(console, arguments, lambda engine, name: containers.kill(engine, name, options.signal), parallel=True)


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Send a signal to running containers",
    run,
    (text("signal", "Signal to send", "s"),),
    (1, -1),
    "container kill, kill",
)
