"""Writes a container's log with the driver that it has.  The shim feeds it what it reads.

A writer never raises for what could not be kept: the container goes on, as with Docker.  One that sends over a socket
may have a backlog: while `full` says so the shim reads no more from the container.
"""

import time
from collections.abc import Iterable
from typing import Protocol

from pydock.errors import InvalidParameter, PydockError
from pydock.runtime.logs import journald, jsonfile, local, syslog
from pydock.runtime.logs.lines import LineCutter
from pydock.runtime.logs.options import file_limits
from pydock.runtime.logs.outbox import Outbox
from pydock.runtime.logs.rotation import Aside, RotatingFile, at_once
from pydock.runtime.messages import Log


class Writer(Protocol):
    """What the shim asks of a driver."""

    def write(self, stream: str, data: bytes) -> None:
        """Take what was read from ``stdout`` or ``stderr``."""

    def finish(self) -> None:
        """Write the last lines, though they have no end, and close."""

    def fileno(self) -> int:
        """The socket to `flush` to when it is writable, or readable where the log `reads`; -1 where nothing waits."""

    def flush(self) -> None:
        """Send what waits, as far as that goes without waiting."""

    def unfinished(self) -> dict[str, bytes]:
        """By stream, the beginnings of lines that were not written yet, as their ends are still to come."""

    @property
    def full(self) -> bool:
        """Whether no more should be written for now."""

    @property
    def reads(self) -> bool:
        """Whether what waits does so for a word of the other side."""


class NoLog:
    """Keeps nothing: the driver ``none``, and what the drivers that never wait inherit from."""

    @property
    def full(self) -> bool:
        """Nothing ever waits."""
        return False

    @property
    def reads(self) -> bool:
        """Nothing ever waits."""
        return False

    def write(self, stream: str, data: bytes) -> None:
        """Drop it."""

    def finish(self) -> None:
        """Do nothing."""

    def fileno(self) -> int:
        """Nothing ever waits."""
        return -1

    def flush(self) -> None:
        """Do nothing."""

    def unfinished(self) -> dict[str, bytes]:
        """Nothing is held back."""
        return {}


class FileLog(NoLog):
    """Lines in a file of its own: json-file, local, and the cache that the others keep."""

    def __init__(self, encoder: jsonfile.Encoder | local.Encoder, file: RotatingFile) -> None:
        self._encoder = encoder
        self._file = file
        self._cutters: dict[str, LineCutter] = {}

    def write(self, stream: str, data: bytes) -> None:
        """Write the lines that are whole."""
        cutter = self._cutters.get(stream)
        if cutter is None:
            cutter = self._cutters[stream] = LineCutter()
        self._keep(stream, cutter.feed(data))

    def unfinished(self) -> dict[str, bytes]:
        """The beginnings of lines whose ends are still to come."""
        return {stream: cutter.rest for stream, cutter in self._cutters.items() if cutter.rest}

    def finish(self) -> None:
        """Write the last lines, though they have no end, and close."""
        for stream, cutter in self._cutters.items():
            self._keep(stream, cutter.finish())
        self._file.close()

    def _keep(self, stream: str, pieces: Iterable[bytes]) -> None:
        now = time.time_ns()
        try:
            for piece in pieces:
                self._file.write(self._encoder.encode(stream, now, piece), now)
        except OSError:
            return  # a full disk costs entries, not the container


class SocketLog(NoLog):
    """Lines sent to somebody else: syslog, journald."""

    def __init__(self, encoder: syslog.Encoder | journald.Encoder, outbox: Outbox) -> None:
        self._encoder = encoder
        self._outbox = outbox
        self._cutters: dict[str, LineCutter] = {}

    @property
    def full(self) -> bool:
        """Whether too much waits to be sent."""
        return self._outbox.full

    @property
    def reads(self) -> bool:
        """Whether the server's handshake is waited for."""
        return self._outbox.reads

    def write(self, stream: str, data: bytes) -> None:
        """Send the lines that are whole."""
        cutter = self._cutters.get(stream)
        if cutter is None:
            cutter = self._cutters[stream] = LineCutter()
        self._send(stream, cutter.feed(data))

    def finish(self) -> None:
        """Send the last lines, though they have no end, and close."""
        for stream, cutter in self._cutters.items():
            self._send(stream, cutter.finish())
        self._outbox.close()

    def fileno(self) -> int:
        """The socket, while something waits for it."""
        return self._outbox.fileno()

    def flush(self) -> None:
        """Send what waits."""
        self._outbox.flush()

    def _send(self, stream: str, pieces: Iterable[bytes]) -> None:
        now = time.time_ns()
        for piece in pieces:
            self._outbox.put(self._encoder.encode(stream, now, piece))


class CachedLog(SocketLog):
    """The same, and a copy in a file of its own for those who want to read the log here."""

    def __init__(self, encoder: syslog.Encoder | journald.Encoder, outbox: Outbox, cache: FileLog) -> None:
        super().__init__(encoder, outbox)
        self._cache = cache

    def write(self, stream: str, data: bytes) -> None:
        """Send and keep."""
        super().write(stream, data)
        self._cache.write(stream, data)

    def unfinished(self) -> dict[str, bytes]:
        """The beginnings of lines whose ends are still to come."""
        return self._cache.unfinished()

    def finish(self) -> None:
        """Close both."""
        super().finish()
        self._cache.finish()


class LazyLog(NoLog):
    """The writer for `log`, which is opened when there is something to write; nobody waits for a server then."""

    def __init__(self, log: Log, aside: Aside) -> None:
        self._log = log
        self._aside = aside
        self._writer: Writer | None = None

    @property
    def full(self) -> bool:
        """Whether no more should be written for now."""
        return self._writer is not None and self._writer.full

    @property
    def reads(self) -> bool:
        """Whether what waits does so for a word of the other side."""
        return self._writer is not None and self._writer.reads

    def write(self, stream: str, data: bytes) -> None:
        """Take what was read."""
        if self._writer is None:
            try:
                self._writer = open_log(self._log, self._aside, connected=False)
            except (OSError, PydockError):
                return  # it could be opened when the container started; the container goes on without
        self._writer.write(stream, data)

    def unfinished(self) -> dict[str, bytes]:
        """The beginnings of lines whose ends are still to come."""
        return self._writer.unfinished() if self._writer else {}

    def finish(self) -> None:
        """Write the last lines and close."""
        if self._writer:
            self._writer.finish()

    def fileno(self) -> int:
        """The socket to `flush` to."""
        return self._writer.fileno() if self._writer else -1

    def flush(self) -> None:
        """Send what waits."""
        if self._writer:
            self._writer.flush()


def open_log(log: Log, aside: Aside = at_once, connected: bool = True) -> Writer:
    """The writer for `log`; OSError or PydockError where there is none.  `aside` runs long work beside the caller.

    One that sends over a socket is `connected` when it is given, or as soon as it has something to send.
    """
    match log.driver:
        case "json-file" | "local":
            return open_file(log, log.path, aside)
        case "syslog":
            encoder: syslog.Encoder | journald.Encoder = syslog.Encoder(log)
            outbox = syslog.open_outbox(log, connected)
        case "journald":
            encoder, outbox = journald.Encoder(log), journald.open_outbox(log, connected)
        case "none" | "":
            return NoLog()
        case driver:
            raise InvalidParameter(f"logger: no log driver named '{driver}' is registered")
    if log.cache:
        return CachedLog(encoder, outbox, open_file(log, log.cache, aside))
    return SocketLog(encoder, outbox)


def open_file(log: Log, path: str, aside: Aside) -> FileLog:
    """The file of json-file or local, or in local's format the cache of another driver."""
    limits = file_limits(log.driver, log.options)
    codec = jsonfile if log.driver == "json-file" else local
    file = RotatingFile(
        path,
        codec.cut,
        max_size=limits.max_size,
        max_files=limits.max_files,
        compress=limits.compress,
        aside=aside,
    )
    return FileLog(codec.Encoder(log.attributes), file)
