"""`ps`: containers, one a line."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, integer
from pydock.cli.format.container import HEADER, ContainerRow, choose_format
from pydock.cli.format_flags import filter_flag, filters, format_flag
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options", source: str) -> "dict[str, Any]":
    """What to ask the engine for; sizes cost, so they are asked for only where the format shows them."""
    size = options.size
    if source and source not in ("table", "json", "raw"):
        used = _uses_size(source)
        if used and not options.quiet and "size" not in options.changed:
            size = True
    limit = 1 if options.latest and options.last == -1 else options.last
    return {"everything": options.all, "limit": limit, "size": size, "filters": filters(options.filter)}


def _uses_size(source: str) -> bool:
    from pydock.cli.template.execute import parse
    from pydock.cli.template.nodes import TemplateError

    empty: dict[str, Any] = {"Id": "", "Created": 0, "Names": []}
    row = ContainerRow(empty, False)
    try:
        template = parse(source)
    except TemplateError as error:
        raise Exit(f"failed to parse template: {error}") from None
    try:
        template.execute(row)
    except TemplateError as error:
        raise Exit(f"failed to execute template: {error}") from None
    return row.size_used


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """List them."""
    source = options.format or console.config.text("psFormat")
    if options.format and options.quiet:
        console.err.line("WARNING: Ignoring custom format, because both --format and --quiet are set.")
    query = build_request(options, source)
    entries = containers.listing(console.engine(), **query)
    rows = [ContainerRow(entry, not options.no_trunc) for entry in entries]
    render(console.out, rows, HEADER, choose_format(source, options.quiet, query["size"]))


COMMAND = Command(
    "[OPTIONS]",
    "List containers",
    run,
    (
        boolean("quiet", "Show only IDs", "q"),
        boolean("size", "Show sizes", "s"),
        boolean("all", "Show all containers, not only those that run", "a"),
        boolean("no-trunc", "Show all texts whole"),
        boolean("latest", "Show the container that was made last, whatever its state", "l"),
        integer("last", "Show the N containers that were made last, whatever their state", "n", -1),
        format_flag(),
        filter_flag(),
    ),
    aliases="container ls, container list, container ps, ps",
)
