"""`images --tree`: images with their platforms below them.  Called by `image_ls`."""

from typing import Any

from pydock.cli.console import Console
from pydock.cli.format.image import is_dangling
from pydock.cli.format.text import ellipsis, short_id
from pydock.cli.quantities import human_size
from pydock.cli.table import display_width
from pydock.client import images

SPACING = 3
# the sequences of Docker's client, one by one
_PLAIN, _FAINT, _TITLE, _NAME = "\x1b[39m", "\x1b[39m\x1b[2m", "\x1b[39m\x1b[1m", "\x1b[34m\x1b[1m"
_YELLOW, _CHIP, _CYAN, _NORMAL = "\x1b[93m", "\x1b[38;5;0m\x1b[48;5;14m", "\x1b[96m", "\x1b[0m"
_INFO = f"\x1b[1m\x1b[106m\x1b[30mi{_NORMAL}{_NORMAL}"
#: title, width and whether it stands at the right
_COLUMNS = (("ID", 12, False), ("DISK USAGE", 10, True), ("CONTENT SIZE", 12, True), ("EXTRA", 5, False))
_WARNING = "WARNING: This is an experimental feature. The output may change and shouldn't be depended on."


class Tree:
    """The drawing of one list of images."""

    def __init__(self, console: Console, entries: list[dict[str, Any]]) -> None:
        self._out = console.out
        self._colours = console.out.is_terminal() and not console.environ.get("NO_COLOR")
        self._entries = entries
        self._screen = max(console.out.size()[1] or 80, 20)
        room = self._screen
        self._columns = []
        for column in _COLUMNS:
            if room - column[1] - SPACING < 12:
                break
            room -= column[1] + SPACING
            self._columns.append(column)
        self._names = min(room, max([len("IMAGE"), *(display_width(text) for text in self._first_column())]))

    def _first_column(self) -> list[str]:
        found: list[str] = []
        for entry in self._entries:
            found += entry.get("RepoTags") or ["<untagged>"]
            found += [f"├─ {_platform(part)}" for part in _parts(entry)]
        return found

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_NORMAL}" if self._colours and text else text

    def _row(self, name: str, cells: list[str], colour: str, name_colour: str) -> None:
        shown = ellipsis(name, self._names)
        line = self._paint(shown, name_colour) + " " * (self._names - display_width(shown))
        for (_, width, right), cell in zip(self._columns, cells, strict=False):
            text = " U " if cell == "U" and self._colours else cell
            shown = self._paint(text, _CHIP if cell == "U" else colour)
            rest = " " * (width - len(text))
            line += " " * SPACING + (rest + shown if right else shown + rest)
        self._out.line(line)

    def draw(self) -> None:
        """Draw all of it."""
        self._out.line(self._paint(_WARNING, _YELLOW))
        legend = "i Info →   U  In Use " if self._colours else " Info ->  U In Use "
        margin = " " * max(self._screen - len(legend), 0)
        if self._colours:
            legend = f"{_INFO} {_CYAN}Info → {_NORMAL}{_NORMAL} {_CHIP} U {_NORMAL} In Use "
        self._out.line(f"{margin}{legend}")
        self._out.line("")
        self._row("IMAGE", [column[0] for column in self._columns], _TITLE, _TITLE)
        spaced = any(_parts(entry) for entry in self._entries)
        for entry in self._entries:
            self._image(entry)
            if spaced:
                self._out.line("")

    def _image(self, entry: dict[str, Any]) -> None:
        parts = _parts(entry)
        content = sum(manifest["Size"]["Content"] for manifest in entry.get("Manifests") or [])
        used = entry.get("Containers", 0) > 0 or any(part["ImageData"].get("Containers") for part in parts)
        *others, last = sorted(entry.get("RepoTags") or ["<untagged>"], key=len, reverse=True)
        for name in others:
            self._out.line(self._paint(ellipsis(name, self._screen), _NAME))
        cells = [short_id(entry["Id"]), human_size(entry["Size"]), human_size(content), "U" if used else ""]
        self._row(last, cells, _PLAIN, _FAINT if last == "<untagged>" else _NAME)
        for number, part in enumerate(parts):
            branch = "└─" if number == len(parts) - 1 else "├─"
            sizes = part["Size"]
            cells = [short_id(part["ID"]), human_size(sizes["Total"]), human_size(sizes["Content"])]
            cells.append("U" if part["ImageData"].get("Containers") else "")
            colour = _PLAIN if part.get("Available") else _FAINT
            self._row(f"{branch} {_platform(part)}", cells, colour, colour)


def _parts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [manifest for manifest in entry.get("Manifests") or [] if manifest.get("Kind") == "image"]


def _platform(part: dict[str, Any]) -> str:
    platform = part["ImageData"]["Platform"]
    names = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return "/".join(name for name in names if name)


def show(console: Console, query: dict[str, Any]) -> None:
    """List the images that `query` asks for, the newest first."""
    found = images.listing(console.engine(), {**query, "manifests": True})
    if not query.get("all"):
        found = [entry for entry in found if not is_dangling(entry)]
    found.sort(key=lambda entry: entry["Created"], reverse=True)
    Tree(console, found).draw()
