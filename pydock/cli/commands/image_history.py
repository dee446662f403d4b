"""`history`."""

from pydock.cli.flags import boolean, text
from pydock.cli.format.image import HISTORY_HEADER, HistoryRow
from pydock.cli.format_flags import format_flag
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def choose_format(source: str, quiet: bool, human: bool) -> str:
    """The format that `--format` (or its absence) stands for."""
    if source not in ("", "table"):
        return source
    if quiet:
        return "{{.ID}}"
    when = "{{.CreatedSince}}" if human else "{{.CreatedAt}}"
    return f"table {{{{.ID}}}}\t{when}\t{{{{.CreatedBy}}}}\t{{{{.Size}}}}\t{{{{.Comment}}}}"


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the steps, the newest first."""
    query = None
    if options.platform:
        from pydock.cli.platform import chosen

        query = {"platform": chosen(options.platform)}
    entries = images.history(console.engine(), arguments[0], query)
    rows = [HistoryRow(entry, not options.no_trunc, options.human) for entry in entries]
    render(console.out, rows, HISTORY_HEADER, choose_format(options.format, options.quiet, options.human))


COMMAND = Command(
    "[OPTIONS] IMAGE",
    "Show the steps that an image was made of",
    run,
    (
        boolean("human", "Show sizes and dates in words", "H", True),
        boolean("quiet", "Show only IDs", "q"),
        boolean("no-trunc", "Show all texts whole"),
        format_flag(),
        text("platform", "Platform of a multi-platform image: os[/arch[/variant]]"),
    ),
    (1, 1),
    "image history, history",
)
