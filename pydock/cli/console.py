"""A command's surroundings: its engine, its streams, its configuration.  Made by `main`, handed to every command.

Output goes to the descriptors in UTF-8 whatever the locale, and is flushed before anything else writes there.
"""

import os

from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydock.cli.config_file import ConfigFile
    from pydock.client.engine import Engine

_NAMES = {1: "/dev/stdout", 2: "/dev/stderr"}
LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")


class Output:
    """Standard output or standard error."""

    def __init__(self, descriptor: int, behind: "Output | None" = None) -> None:
        self.descriptor = descriptor
        self._kept: list[str] = []
        self._length = 0
        #: the output that has to be written before this one, which then keeps nothing back itself
        self._behind = behind

    def write(self, text: str) -> None:
        """Write `text`, soon."""
        self._kept.append(text)
        self._length += len(text)
        if self._behind:
            self._behind.flush()
            self.flush()
        elif self._length > 1 << 16:
            self.flush()

    def line(self, text: str) -> None:
        """Write `text` and a line's end."""
        self.write(text + "\n")

    def told(self, text: str) -> None:
        """Write a line of what an engine tells: an image may have chosen names in it, so a terminal only shows them."""
        if not text.isprintable() and self.is_terminal():
            from pydock.go_text import harmless

            text = harmless(text)
        self.line(text)

    def flush(self) -> None:
        """Write what is kept, now."""
        if self._kept:
            data = "".join(self._kept).encode("utf-8", "surrogateescape")
            self._kept.clear()
            self._length = 0
            self.write_bytes(data)

    def write_bytes(self, data: "bytes | memoryview") -> None:
        """Write `data` now, all of it."""
        if self._kept:
            self.flush()
        try:
            write_to(self.descriptor, data)
        except Exit:
            if self._behind is None:
                raise  # of what cannot be said on standard error nobody would hear there

    def is_terminal(self) -> bool:
        """Whether a terminal is on the other side."""
        return os.isatty(self.descriptor)

    def size(self) -> "tuple[int, int]":
        """The terminal's height and width, (0, 0) where there is none."""
        try:
            size = os.get_terminal_size(self.descriptor)
        except OSError:
            return 0, 0
        return size.lines, size.columns


class Console:
    """What a command may use: `out`, `err`, `stdin`, `engine()`, `config`."""

    def __init__(self, out: Output, err: Output, environ: "Mapping[str, str]", program: str = "pydock") -> None:
        self.out = out
        self.err = err
        self.stdin = 0
        self.environ = environ
        self.program = program
        self.settings: Settings = Settings()
        self._engine: Engine | None = None
        self._config: ConfigFile | None = None

    def engine(self) -> "Engine":
        """The engine that the flags, the environment or the context name."""
        if self._engine is None:
            from pydock.cli import connect

            self._engine = connect.engine(self)
        return self._engine

    def use_engine(self, engine: "Engine") -> None:
        """Let `engine` be the one: for tests, and for commands that look at several."""
        self._engine = engine

    def another_engine(self) -> "Engine":
        """An engine with connections of its own, for a thread or a signal handler."""
        from pydock.cli import connect

        return connect.engine(self)

    @property
    def config(self) -> "ConfigFile":
        """The user's config.json."""
        if self._config is None:
            from pydock.cli.config_file import load

            self._config = load(self.settings.config_directory(self.environ), self.warn)
            self._config.environment = self.environ.get("DOCKER_AUTH_CONFIG", "")
            self._config.complain = self.err.line
        return self._config

    def check_config(self) -> None:
        """Tell what is wrong with config.json, if there is one, before anything else is said."""
        if os.path.lexists(os.path.join(self.settings.config_directory(self.environ), "config.json")):
            self.config  # noqa: B018

    def warn(self, text: str) -> None:
        """Tell a warning."""
        self.err.line(f"WARNING: {text}")

    def log_error(self, text: str) -> None:
        """Tell of something that does not stop the command, as Docker's client logs it."""
        if self.err.is_terminal():
            self.err.line(f"ERRO[0000] {text}")
            return
        import time

        from pydock.go_text import quote

        zone = time.strftime("%z")
        moment = time.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}")
        self.err.line(f'time="{moment}" level=error msg={quote(text)}')

    def debug(self, text: str) -> None:
        """Tell what only `-D` wants to know."""
        if self.settings.debug:
            self.err.line(f"DEBU {text}")

    def flush(self) -> None:
        """Write what both outputs keep."""
        self.out.flush()
        self.err.flush()


class Settings:
    """The global flags."""

    def __init__(self) -> None:
        self.debug = False
        self.host = ""
        self.context = ""
        self.config = ""
        self.tls = False
        self.verify: bool | None = None
        self.ca = self.certificate = self.key = ""

    def config_directory(self, environ: "Mapping[str, str]") -> str:
        """Where config.json, certificates and contexts are."""
        return self.config or environ.get("DOCKER_CONFIG") or os.path.join(_home(environ), ".docker")


def _home(environ: "Mapping[str, str]") -> str:
    if home := environ.get("HOME"):
        return home
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def write_to(descriptor: int, data: "bytes | memoryview") -> None:
    """Write all of `data`, where the descriptor is non-blocking too: who shares it may have made it so.

    Exit, in Docker's words, where that cannot be, BrokenPipeError where nobody reads.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            _wait(descriptor)
        except OSError as error:
            raise _unwritable(descriptor, error) from error


def write_pieces(descriptor: int, pieces: "list[memoryview]") -> None:
    """Write `pieces` one after another, as `write_to` does."""
    written = 0
    try:
        written = os.writev(descriptor, pieces)
    except BlockingIOError:
        pass
    except OSError as error:
        raise _unwritable(descriptor, error) from error
    if written < sum([len(piece) for piece in pieces]):
        write_to(descriptor, memoryview(b"".join(pieces))[written:])


def _unwritable(descriptor: int, error: OSError) -> Exception:
    """What to raise where `descriptor` cannot be written."""
    if isinstance(error, BrokenPipeError):
        return error
    name = _NAMES.get(descriptor, f"/dev/fd/{descriptor}")
    return Exit(f"write {name}: {(error.strerror or str(error)).lower()}")


def _wait(descriptor: int) -> None:
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()
