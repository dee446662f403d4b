"""`load`."""

import os

from pydock.cli import progress
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, text
from pydock.cli.infile import open_archive
from pydock.cli.spec import Command
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Load the images of an archive, and tell their names."""
    platforms = None
    if options.platform:
        from pydock.cli.platform import chosen

        platforms = [chosen(options.platform)]
    descriptor = console.stdin
    if options.input:
        descriptor = open_archive(options.input)
    elif os.isatty(descriptor):
        raise Exit("requested load from stdin, but stdin is empty")
    quiet = options.quiet or not console.out.is_terminal()
    response = images.load(console.engine(), descriptor, quiet, platforms)
    if response.headers.get("content-type", "").startswith("application/json"):
        progress.show(response.chunks(), console.out)
    else:
        for chunk in response.chunks():
            console.out.write_bytes(chunk)


COMMAND = Command(
    "[OPTIONS]",
    "Load images from a tar archive or from standard input",
    run,
    (
        text("input", "File to read, instead of standard input", "i"),
        boolean("quiet", "Show only the names of what was loaded", "q"),
        text("platform", "Load only this platform of the images: os[/arch[/variant]]"),
    ),
    (0, 0),
    "image load, load",
)
