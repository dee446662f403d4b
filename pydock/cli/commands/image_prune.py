"""`image prune`."""

from pydock.cli import pruning
from pydock.cli.flags import boolean
from pydock.cli.format_flags import filter_flag
from pydock.cli.spec import Command
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_ALL = "WARNING! This will remove all images without at least one container associated to them."
_DANGLING = "WARNING! This will remove all dangling images."


def prune(console: "Console", given: "list[tuple[str, str]]", everything: bool) -> int:
    """Remove them, tell which, and answer with the bytes that were freed."""
    found = pruning.merged_filters(console, given)
    found.setdefault("dangling", []).append("false" if everything else "true")
    answer = images.prune(console.engine(), found)
    steps = answer.get("ImagesDeleted") or []
    lines = [f"untagged: {s['Untagged']}" if s.get("Untagged") else f"deleted: {s['Deleted']}" for s in steps]
    pruning.report(console, "Deleted Images", lines)
    return int(answer.get("SpaceReclaimed") or 0) if steps else 0


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove."""
    warning = _ALL if options.all else _DANGLING
    pruning.ask(console, options.force, f"{warning}\nAre you sure you want to continue?")
    pruning.reclaimed(console, prune(console, options.filter, options.all))


FILTER = filter_flag('Remove only what fits the condition ("until=<timestamp>")')
FILTER.short = ""
COMMAND = Command(
    "[OPTIONS]",
    "Remove images that nothing uses",
    run,
    (
        boolean("force", "Don't ask", "f"),
        boolean("all", "Remove all unused images, not only those without a name", "a"),
        FILTER,
    ),
)
