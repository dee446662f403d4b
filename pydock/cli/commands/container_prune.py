"""`container prune`."""

from pydock.cli import pruning
from pydock.cli.flags import boolean
from pydock.cli.format_flags import filter_flag
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_QUESTION = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?"


def prune(console: "Console", given: "list[tuple[str, str]]", everything: bool) -> int:
    """Remove them, tell which, and answer with the bytes that were freed."""
    answer = containers.prune(console.engine(), pruning.merged_filters(console, given))
    deleted = answer.get("ContainersDeleted") or []
    pruning.report(console, "Deleted Containers", deleted)
    return int(answer.get("SpaceReclaimed") or 0) if deleted else 0


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove."""
    pruning.ask(console, options.force, _QUESTION)
    pruning.reclaimed(console, prune(console, options.filter, False))


FILTER = filter_flag('Remove only what fits the condition ("until=<timestamp>")')
FILTER.short = ""
COMMAND = Command(
    "[OPTIONS]",
    "Remove all containers that don't run",
    run,
    (boolean("force", "Don't ask", "f"), FILTER),
)
