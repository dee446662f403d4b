"""`volume ls`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, hidden
from pydock.cli.format.volume import HEADER, VolumeRow, choose_format
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
    if options.cluster:
        raise Exit("cluster volumes are not supported")
    entries = system.volumes(console.engine(), filters(options.filter)).get("Volumes") or []
    source = options.format or (not options.quiet and console.config.text("volumesFormat")) or "table"
    entries.sort(key=lambda entry: natural_key(entry["Name"]))
    render(console.out, [VolumeRow(entry) for entry in entries], HEADER, choose_format(source, options.quiet))


COMMAND = Command(
    "[OPTIONS]",
    "List volumes",
    run,
    (
        boolean("quiet", "Show only names", "q"),
        format_flag(),
        filter_flag('Show only what fits the condition ("dangling=true")'),
        hidden(boolean("cluster", "Show only cluster volumes")),
    ),
    aliases="volume ls, volume list",
)
