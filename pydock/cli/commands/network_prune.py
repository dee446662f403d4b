"""`network prune`."""

from pydock.cli import pruning
from pydock.cli.flags import boolean
from pydock.cli.format_flags import filter_flag
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_QUESTION = (
    "WARNING! This will remove all custom networks not used by at least one container.\n"
    "Are you sure you want to continue?"
)


def prune(console: "Console", given: "list[tuple[str, str]]", everything: bool) -> int:
    """Remove them and tell which; networks free no bytes."""
    answer = system.prune(console.engine(), "networks", pruning.merged_filters(console, given))
    pruning.report(console, "Deleted Networks", answer.get("NetworksDeleted") or [])
    return 0


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove."""
    pruning.ask(console, options.force, _QUESTION)
    prune(console, options.filter, False)


FILTER = filter_flag('Remove only what fits the condition ("until=<timestamp>")')
FILTER.short = ""
COMMAND = Command(
    "[OPTIONS]", "Remove all networks that nothing uses", run, (boolean("force", "Don't ask", "f"), FILTER)
)
