"""The streams of one process, a container's first or an exec's: its output fanned out, its input gathered.

`shim` and `execs` have one each.  What is read goes to the log and then to every client that wants it; while a client
is behind, or the log's own connection is, nothing more is read, and the process waits at its full pipe.
"""

import contextlib
import fcntl
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass

from pydock.errors import PydockError
from pydock.runtime.event_loop import READ, WRITE, EventLoop
from pydock.runtime.logs.reader import open_reader
from pydock.runtime.logs.writer import Writer
from pydock.runtime.messages import ClientStream, Log
from pydock.runtime.passage import Passage
from pydock.runtime.shim_client import Client, Replay
from pydock.runtime.terminal import set_size
from pydock.streams import STDERR, STDOUT

_NAMES = {STDOUT: "stdout", STDERR: "stderr"}
_USUAL_READ = 65536
#: how much is read at once from a pipe that was found full
_LARGE_READ = 1 << 18
#: how long after its process's end an output may stay open (in other processes' hands), in seconds, as in Docker
LINGER = 2.0


@dataclass(slots=True)
class _Source:
    """One output: its descriptor and how much is read from it at once."""

    stream: int
    descriptor: int
    size: int = _USUAL_READ


class ProcessStreams:
    """``closes_stdin``: the end of a client's input closes the process's; otherwise it ends the client's attachment."""

    def __init__(
        self,
        loop: EventLoop,
        log: Writer | None,
        *,
        closes_stdin: bool,
        spill_directory: str,
        on_detach: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self.spill_directory = spill_directory
        self.clients: list[Client] = []
        self._loop = loop
        self._log = log
        self._closes_stdin = closes_stdin
        self._on_detach = on_detach
        self._on_end = on_end
        self._sources: dict[int, _Source] = {}
        self._passage = Passage(_LARGE_READ)
        self._terminal = -1
        self._input = -1
        self._takes_input = False
        self._unwritten = b""
        self._closing_input = False
        self._paused = False
        self._log_socket = -1
        self._exited = False
        self._ended = False

    def open_pipes(self, stdin: int, stdout: int, stderr: int) -> None:
        """Serve these ends of the process's pipes; -1 for one that it does not have."""
        self._input = stdin
        for stream, descriptor in ((STDOUT, stdout), (STDERR, stderr)):
            if descriptor >= 0:
                self._sources[stream] = _Source(stream, descriptor)
        self._begin(stdin, stdout, stderr)

    def open_terminal(self, master: int, with_input: bool) -> None:
        """Serve the process's terminal."""
        self._terminal = master
        self._sources[STDOUT] = _Source(STDOUT, master)
        self._input = fcntl.fcntl(master, fcntl.F_DUPFD_CLOEXEC, 3) if with_input else -1
        self._begin(master)

    def attach(self, descriptor: int, wants: ClientStream, log: Log | None = None) -> None:
        """Serve a client; `log` is where what it wants to be replayed stands."""
        replay = None
        if log and wants.replay:
            # as in Docker, a line that has no end yet is not in the log; one who waited for the start missed it, though
            unfinished = self._log.unfinished() if self._log and wants.replay_since else {}
            replay = _replay(log, wants, unfinished)
        client = Client(self._loop, descriptor, wants, self)
        self.clients.append(client)
        client.begin(replay)
        if self._ended or not wants.live:
            client.finish()

    def resize(self, height: int, width: int) -> None:
        """Set the terminal's size; as in Docker, no error where there is none."""
        if self._terminal >= 0:
            set_size(self._terminal, height, width)

    def process_exited(self) -> None:
        """The process ended: read what it left, and do not wait for ever for those that inherited its output."""
        self._exited = True
        if self._sources:
            self._loop.call_later(LINGER, self._give_up)
        else:
            self._end()

    def close(self) -> None:
        """Let go of everything, clients included."""
        for source in list(self._sources.values()):
            self._drop(source)
        self._passage.close()
        self._close_input()
        for client in list(self.clients):
            client.close()

    # what clients tell

    def typed(self, client: Client, data: bytes) -> bool:
        """Pass input on; False while the process takes no more."""
        if self._input < 0 or self._closing_input:
            return True  # nobody reads it
        self._unwritten += data
        self._write_input()
        return not self._unwritten

    def input_ended(self, client: Client) -> None:
        """A client's input ended, which is the process's too, or the end of the attachment."""
        if not self._takes_input:
            return
        if not self._closes_stdin:
            client.finish()
            return
        self._closing_input = True
        if not self._unwritten:
            self._close_input()

    def detached(self, client: Client) -> None:
        """A client left by its keys."""
        self._on_detach()

    def caught_up(self) -> None:
        """Read on where nobody is behind."""
        self._pace()

    def gone(self, client: Client) -> None:
        """A client's connection is closed."""
        if client in self.clients:
            self.clients.remove(client)
        self._pace()

    # output

    def _begin(self, *descriptors: int) -> None:
        self._takes_input = self._input >= 0
        for descriptor in descriptors:
            if descriptor >= 0:
                os.set_blocking(descriptor, False)
        for source in self._sources.values():
            self._listen(source)

    def _listen(self, source: _Source) -> None:
        self._loop.watch(source.descriptor, READ, lambda _: self._read(source))

    def _read(self, source: _Source) -> bool:
        """Read once; False where there is nothing for now, or nothing any more."""
        if source.descriptor < 0 or self._paused:
            return False
        sole = self._sole_listener(source)
        data = b""
        try:
            if sole:
                size = self._passage.fill(source.descriptor)
            else:
                size = len(data := os.read(source.descriptor, source.size))
        except BlockingIOError:
            return False
        except OSError:  # EIO: the other side of a terminal was closed
            size = 0
        if not size:
            self._drop(source)
            return False
        if sole:
            sole.deliver_piped(source.stream, self._passage)
        else:
            self._hand_out(source, data)
        self._pace()
        return True

    def _hand_out(self, source: _Source, data: bytes) -> None:
        if len(data) == _USUAL_READ:
            with contextlib.suppress(OSError):
                fcntl.fcntl(source.descriptor, fcntl.F_SETPIPE_SZ, _LARGE_READ)
                source.size = _LARGE_READ
        if self._log:
            self._log.write(_NAMES[source.stream], data)
        for client in self._listeners(source):
            client.deliver(source.stream, data)

    def _sole_listener(self, source: _Source) -> Client | None:
        """The one that a busy pipe can be spliced to: nobody else wants it, there is no log, and nothing waits."""
        if source.size != _LARGE_READ or self._log:
            return None
        listeners = self._listeners(source)
        if len(listeners) != 1 or not listeners[0].is_clear or not self._passage.open():
            return None
        return listeners[0]

    def _listeners(self, source: _Source) -> list[Client]:
        stdout = source.stream == STDOUT
        return [client for client in self.clients if (client.wants.stdout if stdout else client.wants.stderr)]

    def _pace(self) -> None:
        """Read while nobody is behind.  A paused output is not watched at all: its end would be told for ever."""
        log_full = self._log is not None and self._log_is_full(self._log)
        pause = log_full or any(client.behind for client in self.clients)
        if pause == self._paused:
            return
        self._paused = pause
        for source in self._sources.values():
            if pause:
                self._loop.forget(source.descriptor)
            else:
                self._listen(source)

    def _log_is_full(self, log: Writer) -> bool:
        """Whether the log takes no more for now; what waits for its socket goes on when that is ready."""
        descriptor = log.fileno()
        if descriptor >= 0 or self._log_socket >= 0:  # it may be another of the same number
            self._loop.forget(self._log_socket)
            self._log_socket = descriptor
        if descriptor >= 0:
            self._loop.watch(descriptor, READ if log.reads else WRITE, lambda _: self._flush_log(log))
        return log.full

    def _flush_log(self, log: Writer) -> None:
        log.flush()
        self._pace()

    def _drop(self, source: _Source) -> None:
        self._loop.forget(source.descriptor)
        self._sources.pop(source.stream, None)
        if source.descriptor != self._terminal:
            os.close(source.descriptor)
        source.descriptor = -1
        if not self._sources:
            self._end()

    def _give_up(self) -> None:
        """Others still hold the process's output: take what is there now and end it."""
        for source in list(self._sources.values()):
            while self._read(source):
                pass
            if self._paused:  # some client is slow: what is there is still for it
                self._loop.call_later(LINGER, self._give_up)
                return
            if source.descriptor >= 0:
                self._drop(source)

    def _end(self) -> None:
        """No output will come: once the process has ended too, clients have all they wanted."""
        if self._ended or not self._exited:
            return
        self._ended = True
        self._passage.close()
        self._loop.forget(self._log_socket)
        self._close_input()
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1
        self._on_end()  # first of all: clients may ask the daemon how it ended as soon as they see the end
        for client in self.clients[:]:
            client.finish()

    # input

    def _write_input(self) -> None:
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[os.write(self._input, self._unwritten) :]
        except BlockingIOError:
            self._loop.watch(self._input, WRITE, lambda _: self._input_ready())
        except OSError:  # EPIPE: the process reads no more
            self._unwritten = b""
            self._close_input()

    def _input_ready(self) -> None:
        self._write_input()
        if self._unwritten:
            return
        if self._input >= 0:
            self._loop.forget(self._input)
        if self._closing_input:
            self._close_input()
        for client in self.clients[:]:
            client.resume_input()

    def _close_input(self) -> None:
        if self._input >= 0:
            self._loop.forget(self._input)
            os.close(self._input)
            self._input = -1


def _replay(log: Log, wants: ClientStream, unfinished: dict[str, bytes]) -> Replay | None:
    """The log as it stands now, and then the lines that have no end yet."""
    try:
        reader = open_reader(log, since=wants.replay_since, until_now=True)
    except (OSError, PydockError):
        return None

    def read() -> Replay:
        with reader:
            for payloads in itertools.chain(reader.payloads(), [list(unfinished.items())]):
                yield [
                    (STDOUT if stream == "stdout" else STDERR, data)
                    for stream, data in payloads
                    if (wants.stdout if stream == "stdout" else wants.stderr)
                ]

    return read()
