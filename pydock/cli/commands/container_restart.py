"""`restart`."""

from pydock.cli.each import for_each
from pydock.cli.flags import hidden, integer, text
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Stop and start containers."""
    timeout = options.timeout if "timeout" in options.changed else None
    for_each(
        console,
        arguments,
        lambda engine, name: containers.restart(engine, name, options.signal, timeout),
        parallel=False,
    )


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Stop and start containers",
    run,
    (
        text("signal", "Signal to send first", "s"),
        integer("timeout", "Seconds to wait before the container is killed", "t"),
        hidden(integer("time", "Seconds to wait"), "timeout", "use --timeout instead"),
    ),
    (1, -1),
    "container restart, restart",
)
