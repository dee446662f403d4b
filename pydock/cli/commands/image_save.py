"""`save`."""

from pydock.cli import outfile
from pydock.cli.flags import text
from pydock.cli.spec import Command
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Write the images to a tar archive."""
    platforms = None
    if options.platform:
        from pydock.cli.platform import chosen

        platforms = [chosen(options.platform)]
    outfile.check(console, options.output, "save image")
    outfile.write(console, options.output, images.save(console.engine(), arguments, platforms))


COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    "Write images to a tar archive, by default to standard output",
    run,
    (
        text("output", "File to write to, instead of standard output", "o"),
        text("platform", "Write only this platform of the images: os[/arch[/variant]]"),
    ),
    (1, -1),
    "image save, save",
)
