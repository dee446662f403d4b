"""`images`: one line a name."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, quoted
from pydock.cli.format.image import HEADER, choose_format, rows
from pydock.cli.format_flags import filter_flag, filters, format_flag
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_VERBS = frozenset(
    ("build", "history", "import", "inspect", "list", "load", "ls", "prune", "pull", "push", "rm", "save", "tag")
)


def build_request(options: "Options", arguments: "list[str]") -> "dict[str, Any]":
    """The query of GET /images/json."""
    found = filters(options.filter)
    for name in arguments:
        found.setdefault("reference", []).append(name)
    return {"all": options.all or None, "filters": found}


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """List them."""
    query = build_request(options, arguments)
    if options.tree:
        for flag, given in (("quiet", options.quiet), ("no-trunc", options.no_trunc), ("show-digest", options.digests)):
            if given:
                raise Exit(f"--{flag} is not yet supported with --tree")
        if options.format:
            raise Exit("--format is not yet supported with --tree")
        from pydock.cli import tree

        tree.show(console, query)
        return
    entries = images.listing(console.engine(), query)
    source = options.format or (not options.quiet and console.config.text("imagesFormat")) or "table"
    chosen = choose_format(source, options.quiet, options.digests)
    render(console.out, rows(entries, not options.no_trunc, options.digests, "{{.Digest}}" in chosen), HEADER, chosen)
    if arguments and not entries and arguments[0] in _VERBS:
        hint = f'did you mean "{console.program} image {arguments[0]}"?'
        console.err.line(f"\nNo images found matching {quoted(arguments[0])}: {hint}")


COMMAND = Command(
    "[OPTIONS] [REPOSITORY[:TAG]]",
    "List images",
    run,
    (
        boolean("quiet", "Show only IDs", "q"),
        boolean("all", "Show all images, intermediate ones too", "a"),
        boolean("no-trunc", "Show all texts whole"),
        boolean("digests", "Show digests"),
        format_flag(),
        filter_flag(),
        boolean("tree", "Show the platforms of images, and the containers that use them, as a tree"),
    ),
    (0, 1),
    "image ls, image list, images",
)
