"""Pipes between the event loop and workers: read and written as they allow, without a thread.

Used where workers and threads make or take what a client reads or sends.
"""

import asyncio
import contextlib
import fcntl
import os
from types import TracebackType

#: a pipe's size: fewer turns of the loop for many bytes; pipe(7)
SIZE = 1 << 20


class Pipe:
    """A pipe of which the daemon keeps one end, ``near``, and gives ``far`` to a worker; both are closed at the end."""

    def __init__(self, reading: bool) -> None:
        ends = os.pipe2(os.O_CLOEXEC)
        self.near, self.far = ends if reading else ends[::-1]
        os.set_blocking(self.near, False)
        with contextlib.suppress(OSError):  # over the user's limit: the usual size does
            fcntl.fcntl(self.near, fcntl.F_SETPIPE_SZ, SIZE)

    async def read(self) -> bytes:
        """What the worker wrote next; b"" at its end."""
        while True:
            try:
                return os.read(self.near, SIZE)
            except BlockingIOError:
                await _ready(self.near, reading=True)

    def close_near(self) -> None:
        """Close the daemon's end."""
        if self.near >= 0:
            os.close(self.near)
            self.near = -1

    def close_far(self) -> None:
        """Close our copy of the worker's end; once the worker has ended, the other end sees that."""
        if self.far >= 0:
            os.close(self.far)
            self.far = -1

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_near()
        self.close_far()


async def write(descriptor: int, data: bytes) -> None:
    """Give `data` to who reads the pipe whose non-blocking end is `descriptor`; BrokenPipeError where nobody does."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            await _ready(descriptor, reading=False)


async def _ready(descriptor: int, reading: bool) -> None:
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()
    if reading:
        loop.add_reader(descriptor, _wake, woken)
    else:
        loop.add_writer(descriptor, _wake, woken)
    try:
        await woken
    finally:
        loop.remove_reader(descriptor)
        loop.remove_writer(descriptor)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
