"""`volume ls`."""

from pydock.cli.flags import boolean
from pydock.cli.format.volume import CLUSTER, HEADER, VolumeRow, choose_format
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
    entries = system.volumes(console.engine(), filters(options.filter)).get("Volumes") or []
    source = options.format or (not options.quiet and console.config.text("volumesFormat")) or "table"
    if options.cluster:
        entries = [entry for entry in entries if entry.get("ClusterVolume")]
        source = "table" if options.quiet else CLUSTER
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
        boolean("cluster", "Show only cluster volumes (which there are none of here)"),
    ),
    aliases="volume ls, volume list",
)
