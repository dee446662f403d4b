"""`volume prune`."""

from pydock.cli import pruning
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean
from pydock.cli.format_flags import filter_flag, filters
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_ANONYMOUS = "WARNING! This will remove anonymous local volumes not used by at least one container."
_ALL = "WARNING! This will remove all local volumes not used by at least one container."


def prune(console: "Console", given: "list[tuple[str, str]]", everything: bool) -> int:
    """Remove them, tell which, and answer with the bytes that were freed."""
    found = pruning.merged_filters(console, given)
    if everything:
        found["all"] = ["true"]
    answer = system.prune(console.engine(), "volumes", found)
    deleted = answer.get("VolumesDeleted") or []
    pruning.report(console, "Deleted Volumes", deleted)
    return int(answer.get("SpaceReclaimed") or 0) if deleted else 0


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove."""
    if options.all and "all" in filters(options.filter):
        raise Exit("conflicting options: cannot specify both --all and --filter all=1")
    warning = _ALL if options.all else _ANONYMOUS
    pruning.ask(console, options.force, f"{warning}\nAre you sure you want to continue?")
    pruning.reclaimed(console, prune(console, options.filter, options.all))


FILTER = filter_flag('Remove only what fits the condition ("label=<label>")')
FILTER.short = ""
COMMAND = Command(
    "[OPTIONS]",
    "Remove unused local volumes",
    run,
    (
        boolean("all", "Remove all unused volumes, not only those without a name", "a"),
        boolean("force", "Don't ask", "f"),
        FILTER,
    ),
)
