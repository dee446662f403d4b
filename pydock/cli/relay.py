"""Streams between this process and a container: attach, exec and `run` in the foreground; `logs` uses the decoder.

Output is copied by the main thread, which also receives the signals; input by a second one, so that neither can
stall the other.  Frames are decoded in place and written in runs: a `logs` of many short lines has a frame a line.
"""

from _struct import Struct
from _thread import start_new_thread

from pydock.cli.console import write_pieces, write_to
from pydock.cli.exits import Exit
from pydock.client.wire import read_from
from pydock.errors import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydock.cli.console import Console
    from pydock.client.wire import Connection

HEADER = Struct(">BxxxL")
BUFFER = 1 << 18
#: writev(2) takes no more pieces than this at once
MAX_PIECES = 1000
STDERR, SYSTEM_ERROR = 2, 3


class Detached(Exit):
    """The user typed the keys that detach."""

    def __init__(self) -> None:
        super().__init__("read escape sequence")


class EscapeFilter:
    """Passes typed bytes on until the detach keys come; what merely began like them is passed on too."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._seen = 0

    def feed(self, data: bytes) -> "tuple[bytes, bool]":
        """The bytes to pass on, and whether the keys have come."""
        keys = self._keys
        if not self._seen and (not keys or keys[:1] not in data):
            return data, False
        passed = bytearray()
        for byte in data:
            if byte == keys[self._seen]:
                self._seen += 1
                if self._seen == len(keys):
                    return bytes(passed), True
                continue
            passed += keys[: self._seen]
            passed.append(byte)
            self._seen = 0
        return bytes(passed), False


def copy_frames(chunks: "Iterable[bytes | memoryview]", out: "int | None", err: "int | None") -> None:
    """Decode framed output and write it to the descriptors; a stream without one is dropped."""
    pieces: list[memoryview] = []
    target: int | None = None
    left, stream, early = 0, 0, b""
    unpack = HEADER.unpack_from
    for chunk in chunks:
        view = memoryview(early + bytes(chunk) if early else chunk)
        position, end = 0, len(view)
        early = b""
        while position < end:
            if not left:
                if end - position < 8:
                    early = bytes(view[position:])
                    break
                stream, left = unpack(view, position)
                position += 8
                if stream > SYSTEM_ERROR:
                    raise System(f"unrecognized stream: {stream}")
                if stream == SYSTEM_ERROR:
                    _daemon_error(view[position:], left, chunks)
                continue
            step = min(left, end - position)
            descriptor = err if stream == STDERR else out
            if descriptor is not None:
                if descriptor != target or len(pieces) >= MAX_PIECES:
                    if pieces and target is not None:
                        write_pieces(target, pieces)
                        pieces = []
                    target = descriptor
                pieces.append(view[position : position + step])
            position += step
            left -= step
        if pieces and target is not None:
            write_pieces(target, pieces)
            pieces = []


def _daemon_error(view: memoryview, length: int, chunks: "Iterable[bytes | memoryview]") -> None:
    text = bytes(view)
    for chunk in chunks:
        text += bytes(chunk)
    raise System(f"error from daemon in stream: {text[:length].decode('utf-8', 'replace')}")


def incoming(connection: "Connection") -> "Iterable[memoryview]":
    """What comes on an upgraded connection, in a buffer that is used again and again."""
    if connection.early:
        early, connection.early = connection.early, b""
        yield memoryview(early)
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    receive = connection.sock.recv_into
    while True:
        try:
            length = receive(buffer)
        except ConnectionResetError:
            return
        if not length:
            return
        yield view[:length]


def copy_raw(chunks: "Iterable[bytes | memoryview]", out: int) -> None:
    """Write what comes as it is."""
    for chunk in chunks:
        write_to(out, chunk)


class Relay:
    """One attached session: `run` returns when the output has ended, and raises Detached on the detach keys."""

    def __init__(self, console: "Console", connection: "Connection", tty: bool, keys: bytes = b"") -> None:
        self._console = console
        self._connection = connection
        self._tty = tty
        self._escape = EscapeFilter(keys)
        self._detached = False
        self._input_failed = False

    def run(self, stdin: bool, stdout: bool, stderr: bool, started: "Callable[[], None] | None" = None) -> None:
        """Relay the named streams; `started` is called once the terminal is raw and input flows."""
        console = self._console
        console.flush()
        raw = None
        if stdin and self._tty:
            from pydock.cli.terminal import RawMode

            raw = RawMode(console.stdin)
            raw.enter()
        try:
            if stdin:
                start_new_thread(self._copy_input, ())
            else:
                self._connection.close_write()
            if started:
                started()
            if stdout or stderr:
                self._copy_output(stdout, stderr)
            elif stdin:  # a terminal's input has no end, but the container has
                for _ in incoming(self._connection):
                    pass
        finally:
            if raw:
                raw.restore()
        if self._detached:
            raise Detached

    def _copy_output(self, stdout: bool, stderr: bool) -> None:
        console = self._console
        chunks = incoming(self._connection)
        if self._tty:
            copy_raw(chunks, console.out.descriptor)
        else:
            out = console.out.descriptor if stdout else None
            copy_frames(chunks, out, console.err.descriptor if stderr else None)

    def _copy_input(self) -> None:
        connection = self._connection
        try:
            while data := read_from(self._console.stdin, BUFFER if not self._tty else 1 << 12):
                if self._tty:
                    data, self._detached = self._escape.feed(data)
                if data:
                    connection.send(data)
                if self._detached:
                    break
        except OSError:
            # the container no longer reads, or the terminal is gone: the output's end tells the rest
            pass
        if self._detached:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass
        else:
            connection.close_write()
