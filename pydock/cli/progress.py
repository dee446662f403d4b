"""Progress messages of pull, push, load, import and build: live bars on a terminal, plain lines elsewhere.

The daemon sends JSON values, one a line; `show` draws them and raises the error that one of them may carry.
"""

from pydock.cli.quantities import DECIMAL, show_size
from pydock.client import json_text
from pydock.errors import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from pydock.cli.console import Output

    Message = dict[str, Any]


def messages(chunks: "Iterable[bytes]") -> "Iterator[Message]":
    """The JSON values in a stream of bytes."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield from _values(line)
    yield from _values(rest)


def _values(line: bytes) -> "Iterator[Message]":
    text = line.decode("utf-8", "replace").strip()
    position = 0
    while position < len(text):
        value, position = json_text.scan(text, position)
        yield value


def show(chunks: "Iterable[bytes]", output: "Output", aux: "Callable[[Message], None] | None" = None) -> None:
    """Draw the messages on `output` as they come; `aux` gets what belongs to the program, not to the user."""
    display = Display(output, output.is_terminal())
    for message in messages(chunks):
        if message.get("aux") is not None:
            if aux:
                aux(message)
            continue
        display.show(message)
    output.flush()


class Display:
    """The lines on the screen: those with an ID are redrawn in place until a plain line comes."""

    def __init__(self, output: "Output", terminal: bool) -> None:
        self._output = output
        self._terminal = terminal
        self._lines: dict[str, int] = {}

    def show(self, message: "Message") -> None:
        """Draw one message; raises System with the daemon's words where it is an error."""
        identity = message.get("id") or ""
        progress = message.get("progressDetail")
        if progress is None and message.get("progress"):
            progress = {}
        up = 0
        if identity and progress is not None:
            if identity not in self._lines:
                self._lines[identity] = len(self._lines)
                if self._terminal:
                    self._output.write("\n")
            up = len(self._lines) - self._lines[identity]
            if self._terminal:
                self._output.write(f"\x1b[{up}A")
        else:
            self._lines.clear()
        self._draw(message, progress)
        if identity and self._terminal:
            self._output.write(f"\x1b[{up}B" if up else "")
        if self._terminal:
            self._output.flush()

    def _draw(self, message: "Message", progress: "Message | None") -> None:
        if error := message.get("errorDetail"):
            raise System(str(error.get("message") or message.get("error") or ""))
        if message.get("error"):
            raise System(str(message["error"]))
        stream = message.get("stream") or ""
        end, bar = "", ""
        if self._terminal and not stream and progress is not None:
            end, bar = "\r", progress_bar(progress, self._output.size()[1] or 200)
            self._output.write("\x1b[2K\r")
        elif progress is not None and progress_bar(progress, 200):
            return
        head = f"{message['id']}: " if message.get("id") else ""
        if message.get("from"):
            head += f"(from {message['from']}) "
        status = message.get("status") or ""
        if progress is not None and self._terminal:
            self._output.write(f"{head}{status} {bar}{end}")
        elif stream:
            self._output.write(f"{head}{stream}{end}")
        else:
            self._output.write(f"{head}{status}{end}\n")
        if not self._terminal:
            self._output.flush()


def progress_bar(progress: "Message", width: int) -> str:
    """`[=====>    ]  1.2MB/4MB`; "" where nothing is known yet."""
    current, total = progress.get("current") or 0, progress.get("total") or 0
    units = progress.get("units") or ""
    if current <= 0 and total <= 0:
        return ""
    if total <= 0:
        return f"{current} {units}" if units else f"{_human(current):>8}"
    half = min(int(current / total * 100) // 2, 50)
    bar = f"[{'=' * half}>{' ' * (50 - half)}] " if width > 110 else ""
    if progress.get("hidecounts"):
        numbers = ""
    elif units:
        numbers = f"{current} {units}" if current > total else f"{current}/{total} {units}"
    else:
        numbers = f"{_human(current):>8}" if current > total else f"{_human(current):>8}/{_human(total)}"
    return bar + numbers + _left(progress, current, total, half, width)


def _left(progress: "Message", current: int, total: int, half: int, width: int) -> str:
    start = progress.get("start") or 0
    if not (current > 0 and start > 0 and half < 50 and width > 50):
        return ""
    import time

    seconds = round((total - current) * (time.time() - start) / current)
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    return f" {shown}"


def _human(size: int) -> str:
    return show_size(size, 1000.0, DECIMAL, 4)
