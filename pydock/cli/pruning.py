"""What the prune commands share: the question, filters from config.json, the report.  Called by `*_prune`."""

from pydock.cli.exits import Exit
from pydock.cli.format_flags import filters
from pydock.cli.quantities import DECIMAL, show_size
from pydock.client.wire import read_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydock.cli.console import Console


def confirm(console: "Console", question: str) -> bool:
    """Ask, and take only a `y` for a yes; who interrupts the question has only changed their mind."""
    console.out.write(f"{question} [y/N] ")
    console.flush()
    try:
        return _line(console.stdin).strip().lower() == "y"
    except KeyboardInterrupt:
        console.out.line("")
        raise Exit("", 0) from None


def _line(descriptor: int) -> str:
    line = b""
    while (byte := read_from(descriptor, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode("utf-8", "replace")


def ask(console: "Console", force: bool, question: str) -> None:
    """Go on only where the user agrees."""
    if not force and not confirm(console, question):
        raise Exit("", 0)


def merged_filters(console: "Console", given: "Sequence[tuple[str, str] | None]") -> "dict[str, list[str]]":
    """The filters of the command line, and those that `pruneFilters` in config.json adds."""
    found = filters(given)
    for item in console.config.content.get("pruneFilters") or []:
        name, equals, value = str(item).partition("=")
        opposite = {"label": "label!", "label!": "label"}.get(name, "")
        if equals and value not in found.get(opposite, []):
            found.setdefault(name, []).append(value)
    return found


def report(console: "Console", title: str, lines: "list[str]") -> None:
    """What was deleted."""
    if lines:
        console.out.write(f"{title}:\n" + "".join(f"{line}\n" for line in lines) + "\n")


def reclaimed(console: "Console", size: int) -> None:
    """How much room that made."""
    console.out.line(f"Total reclaimed space: {show_size(size, 1000.0, DECIMAL, 4)}")
