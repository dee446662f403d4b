"""`builder prune`."""

from pydock.cli import pruning
from pydock.cli.flags import boolean, hidden, text
from pydock.cli.format_flags import filter_flag, filters
from pydock.cli.quantities import ram_size
from pydock.cli.spec import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_NORMAL = "WARNING! This will remove all dangling build cache. Are you sure you want to continue?"
_ALL = "WARNING! This will remove all build cache. Are you sure you want to continue?"


def _prune(console: "Console", query: "dict[str, Any]") -> int:
    answer = console.engine().post("/build/prune", query)
    deleted = answer.get("CachesDeleted") or []
    pruning.report(console, "Deleted build cache objects", deleted)
    return int(answer.get("SpaceReclaimed") or 0) if deleted else 0


def prune(console: "Console", given: "list[tuple[str, str]]", everything: bool) -> int:
    """Remove the cache, tell what, and answer with the bytes that were freed."""
    return _prune(console, {"all": everything or None, "filters": pruning.merged_filters(console, given)})


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Ask, then remove."""
    pruning.ask(console, options.force, _ALL if options.all else _NORMAL)
    query = {"all": options.all or None, "filters": filters(options.filter)}
    for name in ("keep-storage", "reserved-space", "max-used-space", "min-free-space"):
        if size := getattr(options, name.replace("-", "_")):
            query[name] = size
    pruning.reclaimed(console, _prune(console, query))


FILTER = filter_flag('Remove only what fits the condition ("until=24h")')
FILTER.short = ""
COMMAND = Command(
    "",
    "Remove the build cache",
    run,
    (
        boolean("force", "Don't ask", "f"),
        boolean("all", "Remove all unused build cache, not only what dangles", "a"),
        FILTER,
        hidden(text("keep-storage", "Bytes of cache to keep", kind="bytes", check=ram_size)),
        text("reserved-space", "Bytes of cache that may always stay", kind="bytes", check=ram_size),
        text("max-used-space", "Bytes that the cache may take", kind="bytes", check=ram_size),
        text("min-free-space", "Bytes of disk that shall be free", kind="bytes", check=ram_size),
    ),
)
