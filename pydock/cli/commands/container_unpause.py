"""`unpause`."""

from pydock.cli.each import for_each
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Let paused containers go on."""
    for_each(console, arguments, lambda engine, name: containers.unpause(engine, name), parallel=True)


COMMAND = Command(
    "CONTAINER [CONTAINER...]",
    "Let paused containers go on",
    run,
    (),
    (1, -1),
    "container unpause, unpause",
)
