"""A container's log as its clients get it: stdcopy frames or plain bytes, from the start or the end, followed or not.

Called by the route of ``GET /containers/{id}/logs``.  Files are read in threads, a few large pieces at a time; whoever
follows is woken by inotify and ends with the container.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import gmtime, strftime, time_ns
from urllib.parse import quote_plus

from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.log_target import log_of
from pydock.daemon.containers.record import Status
from pydock.daemon.offload import offload
from pydock.errors import Conflict
from pydock.runtime.logs.entry import STDERR, STDOUT
from pydock.runtime.logs.entry import Entry as Line
from pydock.runtime.logs.reader import LogReader, open_reader
from pydock.runtime.logs.watcher import Watcher
from pydock.streams import frame_header

#: how much is read and encoded before it is sent, in bytes; also what a slow client makes wait in memory
_PIECE = 512 << 10
_NUMBERS = {STDOUT: 1, STDERR: 2}
_SECOND = 1_000_000_000
#: how often to look at a log that cannot be watched, in seconds
_POLL = 0.5


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What a client wants.  Times in nanoseconds since the epoch, 0 for no limit; ``tail`` None for all."""

    stdout: bool
    stderr: bool
    follow: bool = False
    since: int = 0
    until: int = 0
    tail: int | None = None
    timestamps: bool = False
    details: bool = False


class Logs:
    """Opens logs.  Made on the event loop."""

    def __init__(self) -> None:
        self._watcher = Watcher()
        asyncio.get_running_loop().add_reader(self._watcher.fileno(), self._watcher.dispatch)

    async def open(self, entry: Entry, request: LogRequest) -> "LogStream":
        """Open a container's log; Unsupported where its driver keeps nothing, Conflict where it is being removed."""
        record = entry.record
        if record.state.status in (Status.DEAD, Status.REMOVING):
            raise Conflict("can not get logs from container which is dead or marked for removal")
        log = log_of(record)
        live = entry.live if request.follow else None
        woken = asyncio.Event()
        leave = None
        if live is not None:
            with contextlib.suppress(OSError):
                leave = self._watcher.follow(log.path or log.cache, woken.set)
        try:
            reader = await offload(
                open_reader,
                log,
                tail=request.tail,
                since=request.since,
                until=request.until,
                until_now=not request.follow,
            )
        except BaseException:
            if leave:
                leave()
            raise
        source = _Source(reader, request, bool(record.config.get("Tty")))
        return LogStream(source, live, woken, leave, request.until)


class LogStream:
    """One reading of a log: iterate over its bytes, then close it."""

    def __init__(
        self,
        source: "_Source",
        live: LiveContainer | None,
        woken: asyncio.Event,
        leave: Callable[[], None] | None,
        until: int,
    ) -> None:
        self._source = source
        self._live = live
        self._woken = woken
        self._leave = leave
        self._until = until
        if live is not None:
            live.ended.add_done_callback(self._ended)

    def _ended(self, _: object) -> None:
        self._woken.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        over = False
        while not over:
            over = self._live is None or self._live.ended.done() or bool(self._until and time_ns() > self._until)
            self._woken.clear()
            while piece := await offload(self._source.next):
                yield piece
            if not over and not self._source.ended:
                await self._wait()
            over = over or self._source.ended

    async def _wait(self) -> None:
        if self._live is not None and self._live.ended.done():
            return
        left = (self._until - time_ns()) / _SECOND if self._until else None
        if self._leave is None:  # the kernel watches no more files for this user
            left = _POLL if left is None else min(left, _POLL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._woken.wait()

    async def close(self) -> None:
        """End it."""
        if self._leave:
            self._leave()
        if self._live is not None:  # which may live on for long, and shall not keep all that ever followed it
            self._live.ended.remove_done_callback(self._ended)
        await asyncio.shield(offload(self._source.close))


class _Source:
    """The reader with what it takes to encode; its lock keeps a close apart from a read that nobody waits for."""

    def __init__(self, reader: LogReader, request: LogRequest, tty: bool) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._closed = False
        wanted = {name for name, on in ((STDOUT, request.stdout), (STDERR, request.stderr)) if on}
        self._encode: Callable[[], Iterator[bytes]]
        if request.timestamps or request.details:
            self._encode = lambda: (
                encode_lines(lines, wanted, tty, request.timestamps, request.details) for lines in reader.entries()
            )
        else:
            self._encode = lambda: (encode_payloads(payloads, wanted, tty) for payloads in reader.payloads())

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return self._reader.ended

    def next(self) -> bytes:
        """The next piece; b"" where there is none now."""
        pieces, size = [], 0
        with self._lock:
            if self._closed:
                return b""
            for piece in self._encode():
                pieces.append(piece)
                size += len(piece)
                if size >= _PIECE:
                    break
        return b"".join(pieces)

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._closed = True
            self._reader.close()


_line_header = lru_cache(maxsize=4096)(frame_header)


def encode_payloads(payloads: Iterable[tuple[str, bytes]], wanted: set[str], tty: bool) -> bytes:
    """Put output of the wanted streams into frames, a line in each; a terminal's goes as it is.

    Clients of Docker's SDKs take a frame for a message: they handle a log line by line as it comes.
    """
    if tty:
        return b"".join(data for stream, data in payloads if stream in wanted)
    parts: list[bytes] = []
    for stream, data in payloads:
        if stream in wanted:
            number = _NUMBERS[stream]
            *lines, rest = data.split(b"\n")
            for line in lines:
                parts += (_line_header(number, len(line) + 1), line, b"\n")
            if rest:
                parts += (_line_header(number, len(rest)), rest)
    return b"".join(parts)


def encode_lines(lines: Iterable[Line], wanted: set[str], tty: bool, timestamps: bool, details: bool) -> bytes:
    """The same with each line's time or attributes before it."""
    return encode_payloads(_runs(lines, wanted, timestamps, details), wanted, tty)


def _runs(lines: Iterable[Line], wanted: set[str], timestamps: bool, details: bool) -> Iterator[tuple[str, bytes]]:
    """Neighbours of one stream put together."""
    current, parts = "", list[bytes]()
    second, shown = -1, b""
    for moment, stream, text, attributes in lines:
        if stream not in wanted:
            continue
        if stream != current:
            if parts:
                yield current, b"".join(parts)
            current, parts = stream, []
        if timestamps:
            seconds, fraction = divmod(moment, _SECOND)
            if seconds != second:
                second, shown = seconds, strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)).encode()
            parts.append(b"%b.%09dZ " % (shown, fraction))
        if details:
            parts.append(_attributes(attributes))
        parts.append(text)
    if parts:
        yield current, b"".join(parts)


def _attributes(attributes: Mapping[str, str]) -> bytes:
    pairs = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in sorted(attributes.items())]
    return ",".join(pairs).encode() + b" "
