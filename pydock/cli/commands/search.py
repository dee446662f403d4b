"""`search`."""

from pydock.cli import credentials
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, integer, text
from pydock.cli.format.text import ellipsis
from pydock.cli.format_flags import filter_flag, filters
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.cli.template.values import Row
from pydock.client import images
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

HEADER = {"Name": "NAME", "Description": "DESCRIPTION", "StarCount": "STARS", "IsOfficial": "OFFICIAL"}
TABLE = "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}"
_AUTOMATED = (
    'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any '
    "results in future."
)


class SearchRow(Row):
    """One repository that was found."""

    kind = "registry.searchContext"
    columns = tuple(HEADER)

    def __init__(self, entry: "dict[str, Any]", trunc: bool) -> None:
        self._entry = entry
        self._trunc = trunc

    def Name(self) -> str:
        """The repository."""
        return str(self._entry["name"])

    def Description(self) -> str:
        """What it says of itself, on one line."""
        found = str(self._entry["description"]).replace("\n", " ").replace("\r", " ")
        return ellipsis(found, 45) if self._trunc else found

    def StarCount(self) -> str:
        """How many like it."""
        return str(self._entry["star_count"])

    def IsOfficial(self) -> str:
        """[OK] where it is an official image."""
        return "[OK]" if self._entry["is_official"] else ""

    def as_dict(self) -> "dict[str, Any]":
        """All columns; JSON has no [OK]."""
        return {**super().as_dict(), "IsOfficial": "true" if self._entry["is_official"] else "false"}


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show what the registry finds."""
    asked = filters(options.filter)
    if "is-automated" in asked:
        console.err.line(_AUTOMATED)
    term = arguments[0]
    domain, slash, _ = term.partition("/")
    if not slash or not ("." in domain or ":" in domain or domain == "localhost"):
        domain = "docker.io"
    try:
        auth = credentials.header_for(console.config, domain)
    except (PydockError, Exit):
        # a search needs no credentials: let the registry say what it thinks
        auth = credentials.header({})
    found = images.search(console.engine(), term, options.limit, asked, auth)
    rows = [SearchRow(entry, not options.no_trunc) for entry in found]
    render(console.out, rows, HEADER, TABLE if options.format in ("", "table") else options.format)


COMMAND = Command(
    "[OPTIONS] TERM",
    "Search a registry for images",
    run,
    (
        boolean("no-trunc", "Show all texts whole"),
        filter_flag(),
        integer("limit", "Greatest number of results"),
        text("format", "Format of the output, a Go template"),
    ),
    (1, 1),
)
