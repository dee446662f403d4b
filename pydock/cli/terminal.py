"""The user's terminal: raw mode, its size, and the keys that detach.  Called by the commands that relay streams."""

import os
import termios

from pydock.cli.exits import Exit
from pydock.cli.signals import SIG_DFL, is_default, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pydock.cli.console import Console

SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCONT, SIGWINCH = 1, 2, 3, 15, 18, 28
DEFAULT_DETACH_KEYS = b"\x10\x11"
_NAMED = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def check_input(console: "Console", attach_stdin: bool, tty: bool) -> None:
    """Raise Exit where a terminal is asked for and standard input is none."""
    if attach_stdin and tty and not os.isatty(console.stdin):
        raise Exit("the input device is not a TTY")


def detach_keys(text: str, warn: "Callable[[str], None]") -> bytes:
    """The bytes of `ctrl-p,ctrl-q` and its kin; what can't be read is told, and the default holds."""
    if not text:
        return DEFAULT_DETACH_KEYS
    keys = bytearray()
    for key in text.split(","):
        name = key.removeprefix("ctrl-").lower()
        if len(key) == 1:
            keys += key.encode()
        elif key.startswith("ctrl-") and len(name) == 1 and "a" <= name <= "z":
            keys.append(ord(name) - 96)
        elif key.startswith("ctrl-") and name in _NAMED:
            keys.append(_NAMED[name])
        else:
            warn(f"invalid detach escape keys, using default: Unknown character: '{key}'")
            return DEFAULT_DETACH_KEYS
    return bytes(keys)


class Terminated(Exit):
    """A signal ends the client; the terminal is restored on the way out."""


class RawMode:
    """Standard input in raw mode, until `restore`; signals that end the client restore it first."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._saved: list[Any] | None = None
        self._raw: list[Any] = []

    def enter(self, signals: bool = True) -> None:
        """Switch to raw mode where the descriptor is a terminal; `signals`: die cleanly of the usual ones."""
        try:
            saved = termios.tcgetattr(self._descriptor)
        except termios.error:
            return
        self._raw = make_raw(saved)
        termios.tcsetattr(self._descriptor, termios.TCSANOW, self._raw)
        self._saved = saved
        signal(SIGCONT, self._again)
        if signals:
            for number in (SIGHUP, SIGINT, SIGQUIT, SIGTERM):
                # those that are passed on to the container don't end us
                if is_default(number):
                    signal(number, _terminate)

    def restore(self) -> None:
        """Set the terminal as it was; more than once does no harm."""
        saved, self._saved = self._saved, None
        if saved is not None:
            try:
                termios.tcsetattr(self._descriptor, termios.TCSANOW, saved)
            except termios.error:
                pass

    def _again(self, number: int, frame: object) -> None:
        # a shell takes the terminal back while we are stopped
        if self._saved is not None:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._raw)


def _terminate(number: int, frame: object) -> None:
    signal(number, SIG_DFL)
    raise Terminated(code=128 + number)


def make_raw(attributes: "list[Any]") -> "list[Any]":
    """What cfmakeraw(3) makes of `attributes`."""
    input_, output, control, local, in_speed, out_speed, characters = attributes
    t = termios
    input_ &= ~(t.IGNBRK | t.BRKINT | t.PARMRK | t.ISTRIP | t.INLCR | t.IGNCR | t.ICRNL | t.IXON)
    output &= ~t.OPOST
    local &= ~(t.ECHO | t.ECHONL | t.ICANON | t.ISIG | t.IEXTEN)
    control = control & ~(t.CSIZE | t.PARENB) | t.CS8
    characters = list(characters)
    characters[t.VMIN], characters[t.VTIME] = b"\x01", b"\x00"
    return [input_, output, control, local, in_speed, out_speed, characters]


def watch_size(console: "Console", resize: "Callable[[int, int], None]") -> None:
    """Tell `resize` the terminal's height and width now and whenever it changes; a failure is tried again."""
    from pydock.errors import PydockError

    def tell(number: int = 0, frame: object = None) -> None:
        height, width = console.out.size()
        if height or width:
            resize(height, width)

    signal(SIGWINCH, tell)
    try:
        tell()
    except PydockError:
        import _thread

        _thread.start_new_thread(_insist, (console, tell))


def _insist(console: "Console", tell: "Callable[[], None]") -> None:
    # right after a start, the process may not be there yet
    import time

    from pydock.errors import PydockError

    for attempt in range(10):
        time.sleep((attempt + 1) * 0.01)
        try:
            tell()
        except PydockError:
            continue
        return
    console.err.write_bytes(b"failed to resize tty, using default size\r\n")
