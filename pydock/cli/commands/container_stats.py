"""`stats`: a table of what containers use, redrawn twice a second."""

import threading
import time

from pydock.cli import progress
from pydock.cli.console import Console, Output
from pydock.cli.exits import Exit
from pydock.cli.flags import Options, boolean
from pydock.cli.format.stats import HEADER, TABLE, StatsRow
from pydock.cli.format_flags import format_flag
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import containers, system
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REDRAW = 0.5
#: a container that gives no sample for so long is shown without numbers
PATIENCE = 2.0


class Text(Output):
    """An output that keeps what is written, to be drawn at once."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.text = ""

    def write_bytes(self, data: bytes | memoryview) -> None:
        """Keep `data`."""
        self.text += bytes(data).decode("utf-8", "surrogateescape")


class Watched:
    """One container under watch: its newest sample, or what went wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sample: dict[str, Any] | None = None
        self.problem: PydockError | None = None
        self.moment = 0.0
        self.first = threading.Event()

    def collect(self, console: Console, stream: bool) -> None:
        """Take samples until the stream ends."""
        engine = console.another_engine()
        try:
            response = containers.stats(engine, self.name, stream)
            for sample in progress.messages(response.chunks()):
                self.sample, self.moment = sample, time.monotonic()
                self.first.set()
        except (PydockError, OSError) as error:
            if isinstance(error, PydockError):
                self.problem = error
        finally:
            self.first.set()


class Board:
    """All containers under watch."""

    def __init__(self, console: Console, stream: bool) -> None:
        self._console = console
        self._stream = stream
        self._watched: dict[str, Watched] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """Begin to watch a container."""
        with self._lock:
            if name in self._watched:
                return
            watched = self._watched[name] = Watched(name)
        threading.Thread(target=watched.collect, args=(self._console, self._stream), daemon=True).start()

    def remove(self, name: str) -> None:
        """Watch it no longer."""
        with self._lock:
            self._watched.pop(name, None)

    def watched(self) -> list[Watched]:
        """Those under watch, in the order in which they came."""
        with self._lock:
            return list(self._watched.values())

    def rows(self, trunc: bool) -> list[StatsRow]:
        """What is known now."""
        now = time.monotonic()
        return [
            StatsRow(one.name, None if self._stream and now - one.moment > PATIENCE else one.sample, trunc)
            for one in self.watched()
        ]

    def follow(self, every: bool) -> None:
        """Add what starts and drop what ends."""
        engine = self._console.another_engine()
        wanted = ["start", "create"] if every else ["start", "die"]
        wanted.append("destroy")
        try:
            response = system.events(engine, {"filters": {"type": ["container"], "event": wanted}})
            for event in progress.messages(response.chunks()):
                identity, action = event["Actor"]["ID"], event["Action"]
                if action in ("start", "create"):
                    self.add(identity)
                elif action == "destroy" or not every:
                    self.remove(identity)
        except (PydockError, OSError):
            return


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Watch the named containers, or all that run."""
    console.engine()  # what is wrong with its address is told here, not by each thread
    board = Board(console, not options.no_stream)
    if arguments:
        for name in arguments:
            board.add(name)
    else:
        if not options.no_stream:
            threading.Thread(target=board.follow, args=(options.all,), daemon=True).start()
        for entry in containers.listing(console.engine(), options.all):
            board.add(entry["Id"])
    for one in board.watched():
        one.first.wait(None if options.no_stream else PATIENCE)
    problems = [one.problem.message for one in board.watched() if one.problem]
    if problems and arguments:
        raise Exit("\n".join(problems))
    source = options.format or console.config.text("statsFormat")
    source = TABLE if source in ("", "table") else source
    while True:
        _draw(console, board, source, options)
        if options.no_stream or (arguments and not board.watched()):
            return
        time.sleep(REDRAW)


def _draw(console: Console, board: Board, source: str, options: Options) -> None:
    page = Text()
    render(page, board.rows(not options.no_trunc), HEADER, source)
    page.flush()
    if options.no_stream:
        console.out.write(page.text)
    else:
        # what is longer on the screen, in width or height, is wiped with the drawing
        lines = "".join(f"{line} \x1b[K\n" for line in page.text.split("\n"))
        console.out.write(f"\x1b[H{lines}\x1b[J")
    console.out.flush()


COMMAND = Command(
    "[OPTIONS] [CONTAINER...]",
    "Show what containers use, live",
    run,
    (
        boolean("all", "Show all containers, not only those that run", "a"),
        boolean("no-stream", "Show the numbers once"),
        boolean("no-trunc", "Show all texts whole"),
        format_flag(),
    ),
    (0, -1),
    "container stats, stats",
)
