"""`network ls`."""

from pydock.cli.flags import boolean
from pydock.cli.format.network import HEADER, NetworkRow, choose_format
from pydock.cli.format_flags import filter_flag, filters, format_flag
from pydock.cli.natural import natural_key
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """List them by name."""
    entries = system.networks(console.engine(), filters(options.filter))
    source = options.format or (not options.quiet and console.config.text("networksFormat")) or "table"
    entries.sort(key=lambda entry: natural_key(entry["Name"]))
    rows = [NetworkRow(entry, not options.no_trunc) for entry in entries]
    render(console.out, rows, HEADER, choose_format(source, options.quiet))


COMMAND = Command(
    "[OPTIONS]",
    "List networks",
    run,
    (
        boolean("quiet", "Show only IDs", "q"),
        boolean("no-trunc", "Show all texts whole"),
        format_flag(),
        filter_flag('Show only what fits the condition ("driver=bridge")'),
    ),
    aliases="network ls, network list",
)
