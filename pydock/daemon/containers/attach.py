"""Clients attached to a container: their connection goes to its shim, now or when it starts.

The routes call this (HTTP upgrade and websocket).  What was logged before can be shown first.
"""

import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from pydock.daemon.containers import detach_sequence
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.attachments import Attachments, ClientConnection, answering, hand_over
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.launcher import GivenClient
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.log_target import log_of
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.offload import offload
from pydock.errors import Conflict
from pydock.runtime.logs.reader import LogReader, open_reader
from pydock.runtime.messages import ClientStream
from pydock.streams import STDERR, STDOUT, frame_header

_STREAMS = {"stdout": STDOUT, "stderr": STDERR}


@dataclass(frozen=True, slots=True)
class AttachOptions:
    """What a client asks for; ``raw``: no frames even where the container has no terminal (a websocket).

    ``detach_keys``: as the terminal sends them.
    """

    logs: bool = False
    stream: bool = False
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    detach_keys: str = detach_sequence.DEFAULT
    raw: bool = False


class Attacher:
    """Attaches clients."""

    def __init__(self, announcements: Announcements, attachments: Attachments) -> None:
        self._announcements = announcements
        self._attachments = attachments

    async def attach(
        self, entry: Entry, name: str, options: AttachOptions, take: Callable[[], Awaitable[ClientConnection]]
    ) -> None:
        """Check, `take` the client's connection over, and give it where it belongs.

        `name` is what the user calls the container.
        """
        status = entry.record.state.status
        if status is Status.PAUSED:
            raise Conflict(f"container {name} is paused, unpause the container before attach")
        if status is Status.RESTARTING:
            raise Conflict(f"container {name} is restarting, wait until the container is running")
        stream = _wanted(entry.record, options)
        connection = await take()
        self._announcements.publish(entry.record, "attach")
        live = entry.live
        if live is not None:
            await _give(live, hand_over(connection, stream))
            return
        shown_at = time.time_ns()
        if options.logs:
            await _replay(entry.record, stream, connection)
        if not options.stream:
            connection.close()
        elif (live := entry.live) is not None:  # it was started meanwhile: go on where the replay ended
            await _give(live, hand_over(connection, replace(stream, replay=options.logs, replay_since=shown_at)))
        else:
            self._attachments.add(entry.id, connection, replace(stream, replay=False))


async def _give(live: LiveContainer, client: GivenClient) -> None:
    """Have the shim greet and serve the client; where it has ended just now, so has the connection."""
    answer = answering(client)
    try:
        await live.attach(client.descriptor, client.stream)
    except ProcessLookupError:
        with suppress(OSError):
            os.write(answer, client.stream.head.encode("latin-1"))
    finally:
        os.close(answer)


def _wanted(record: Container, options: AttachOptions) -> ClientStream:
    tty = bool(record.config.get("Tty"))
    return ClientStream(
        stdin=options.stdin and options.stream,
        stdout=options.stdout,
        stderr=options.stderr,
        raw=tty or options.raw,
        detach_keys=options.detach_keys if tty else "",
        replay=options.logs,
        live=options.stream,
    )


async def _replay(record: Container, stream: ClientStream, connection: ClientConnection) -> None:
    """Show the log of a container that does not run; a driver that cannot be read shows nothing."""
    reader = await offload(_open, record)
    if reader is None:
        return
    try:
        payloads = reader.payloads()
        while (pieces := await offload(next, payloads, None)) is not None:
            for name, data in pieces:
                if stream.stdout if name == "stdout" else stream.stderr:
                    await connection.write(data if stream.raw else frame_header(_STREAMS[name], len(data)) + data)
    finally:
        await offload(reader.close)


def _open(record: Container) -> LogReader | None:
    with suppress(Exception):
        return open_reader(log_of(record), until_now=True)
    return None
