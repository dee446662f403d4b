"""`rm`."""

from pydock.cli.each import for_each
from pydock.cli.flags import boolean
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import InvalidParameter, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.client.engine import Engine


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Remove containers; with --force, one that isn't there is no failure."""

    def remove(engine: "Engine", name: str) -> None:
        if not name.strip("/"):
            raise InvalidParameter("container name cannot be empty")
        containers.remove(engine, name.strip("/"), options.force, options.volumes, options.link)

    forgive = (lambda error: isinstance(error, NotFound)) if options.force else None
    for_each(console, arguments, remove, parallel=True, forgive=forgive)


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Remove containers",
    run,
    (
        boolean("volumes", "Remove the container's anonymous volumes too", "v"),
        boolean("link", "Remove the named link", "l"),
        boolean("force", "Kill the container if it runs", "f"),
    ),
    (1, -1),
    "container rm, container remove, rm",
)
