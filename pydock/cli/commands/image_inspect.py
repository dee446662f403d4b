"""`image inspect`."""

from pydock.cli.flags import text
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the images."""
    engine = console.engine()
    query = None
    if options.platform:
        from pydock.cli.platform import as_json

        query = {"platform": as_json(options.platform)}

    def look(name: str) -> "tuple[str, bytes]":
        return "image.InspectResponse", images.inspect_text(engine, name, query)

    inspect(console, arguments, options.format, look)


COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    "Show all that the engine knows of images",
    run,
    (format_flag(INSPECT_HELP, "f"), text("platform", "Platform of a multi-platform image: os[/arch[/variant]]")),
    (1, -1),
)
