"""Bodies of images' size between HTTP and blocking work: pipes, fed and emptied by the event loop.

Used by the image routes: load and import take a body in through `receiving`, save gives one out through `sending`.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable

from pydock.daemon.http.request import Request
from pydock.daemon.offload import offload

_PIPE = 1 << 20


@contextlib.asynccontextmanager
async def receiving(request: Request) -> AsyncIterator[int]:
    """Give a descriptor that the request's body can be read from, as it comes, by a thread.

    What was not read by the end of the block is taken from the client and dropped, so that it sees the answer.
    """
    reading, writing = _pipe()
    os.set_blocking(writing, False)
    feeder = asyncio.create_task(_feed(request, writing))
    try:
        yield reading
    except (asyncio.CancelledError, GeneratorExit):
        feeder.cancel()
        raise
    finally:
        os.close(reading)
        with contextlib.suppress(asyncio.CancelledError):
            await feeder


async def _feed(request: Request, writing: int) -> None:
    loop = asyncio.get_running_loop()
    try:
        async for piece in request.body:
            view = memoryview(piece)
            while view:
                try:
                    view = view[os.write(writing, view) :]
                except BlockingIOError:
                    await _writable(loop, writing)
    except BrokenPipeError:
        async for _ in request.body:  # the work has ended; the client may still be sending
            pass
    except ConnectionAbortedError:
        pass  # the client went: the work finds a stream that ends too early
    finally:
        os.close(writing)


async def _writable(loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
    ready = loop.create_future()
    loop.add_writer(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


async def _readable(loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
    ready = loop.create_future()
    loop.add_reader(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


async def sending(write: Callable[[int], None]) -> AsyncIterator[bytes]:
    """Yield what `write`, in a thread, writes to the descriptor that it gets; raise what it raises.

    Where the iteration is left, the pipe breaks and `write` fails.
    """
    loop = asyncio.get_running_loop()
    reading, writing = _pipe()
    os.set_blocking(reading, False)

    def work() -> None:
        try:
            write(writing)
        finally:
            os.close(writing)

    task = asyncio.ensure_future(offload(work))
    try:
        while True:
            try:
                piece = os.read(reading, _PIPE)
            except BlockingIOError:
                await _readable(loop, reading)
                continue
            if not piece:
                break
            yield piece
        await task
    finally:
        os.close(reading)
        task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[None]") -> None:
    if not task.cancelled():
        task.exception()


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    with contextlib.suppress(OSError):  # beyond the user's limit a smaller one does
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
    return reading, writing
