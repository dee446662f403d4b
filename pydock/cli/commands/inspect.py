"""`inspect`: an object of any kind, looked for among containers, images, networks and volumes in this order."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, quoted, text
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.client import containers, images, system
from pydock.errors import InvalidParameter, NotFound, PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.client.engine import Engine

KINDS = ("config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume")
_NOT_HERE = {
    "config": "/configs",
    "node": "/nodes",
    "plugin": "/plugins",
    "secret": "/secrets",
    "service": "/services",
    "task": "/tasks",
}


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show what is found under each name."""
    choice = '", "'.join(KINDS)
    if "type" in options.changed and not options.type:
        raise Exit(f'type is empty: must be one of "{choice}"')
    if options.type and options.type not in KINDS:
        raise Exit(f'unknown type: {quoted(options.type)}: must be one of "{choice}"')
    engine = console.engine()

    def look(name: str) -> "tuple[str, bytes]":
        for kind in (options.type,) if options.type else ("container", "image", "network", "volume"):
            try:
                found = _look(engine, kind, name, options.size)
            except PydockError as error:
                if not options.type and _may_be_other(error):
                    continue
                raise
            if options.size and kind != "container":
                console.err.line(f"WARNING: --size ignored for {kind}")
            return found
        raise NotFound(f"Error: No such object: {name}")

    inspect(console, arguments, options.format, look)


def _look(engine: "Engine", kind: str, name: str, size: bool) -> "tuple[str, bytes]":
    if kind == "container":
        return "*container.InspectResponse", containers.inspect_text(engine, name, size)
    if kind == "image":
        return "image.InspectResponse", images.inspect_text(engine, name)
    if kind == "network":
        return "network.Inspect", system.network_inspect(engine, name)
    if kind == "volume":
        return "volume.Volume", system.volume_inspect(engine, name)
    query = {"insertDefaults": "true"} if kind == "service" else None
    return "any", engine.fetch("GET", f"{_NOT_HERE[kind]}/{name}{'/json' if kind == 'plugin' else ''}", query)


def _may_be_other(error: PydockError) -> bool:
    words = ("not supported", "invalid reference format", "not implemented")
    return isinstance(error, NotFound | InvalidParameter) and (
        isinstance(error, NotFound) or any(word in error.message for word in words)
    )


COMMAND = Command(
    "[OPTIONS] NAME|ID [NAME|ID...]",
    "Show all that the engine knows of an object of any kind",
    run,
    (
        format_flag(INSPECT_HELP, "f"),
        text("type", "Look only among objects of this type"),
        boolean("size", "Show sizes of containers", "s"),
    ),
    (1, -1),
)
