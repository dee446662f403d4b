"""`context show`."""

from pydock.cli.client_version import current_context
from pydock.cli.console import Console
from pydock.cli.flags import Options
from pydock.cli.spec import Command


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Print the name of the context in use."""
    console.out.line(current_context(console))


COMMAND = Command("", "Print the name of the context in use", run)
