"""`pause`."""

from pydock.cli.each import for_each
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Halt all processes of containers."""
    for_each(console, arguments, lambda engine, name: containers.pause(engine, name), parallel=True)


COMMAND = Command(
    "CONTAINER [CONTAINER...]",
    "Halt all processes of containers",
    run,
    (),
    (1, -1),
    "container pause, pause",
)
