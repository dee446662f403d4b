"""Bodies of images' size between HTTP and blocking work: pipes, fed and emptied by the event loop.

Used by the image routes: load and import take a body in through `receiving`, save gives one out through `sending`.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable

from pydock.daemon.http.request import Request
from pydock.daemon.offload import offload_outside
from pydock.daemon.pipes import Pipe


@contextlib.asynccontextmanager
async def receiving(request: Request) -> AsyncIterator[int]:
    """Give a descriptor that the request's body can be read from, as it comes, by a thread.

    What was not read by the end of the block is taken from the client and dropped, so that it sees the answer.
    """
    with Pipe(reading=False) as pipe:
        feeder = asyncio.create_task(_feed(request, pipe))
        try:
            yield pipe.far
        except (asyncio.CancelledError, GeneratorExit):
            feeder.cancel()
            raise
        finally:
            pipe.close_far()
            with contextlib.suppress(asyncio.CancelledError):
                await feeder


async def _feed(request: Request, pipe: Pipe) -> None:
    try:
        await request.pour(pipe.near)
    except BrokenPipeError:
        async for _ in request.body:  # the work has ended; the client may still be sending
            pass
    except ConnectionAbortedError:
        pass  # the client went: the work finds a stream that ends too early
    finally:
        pipe.close_near()


async def sending(write: Callable[[int], None]) -> AsyncIterator[bytes]:
    """Yield what `write`, in a thread, writes to the descriptor that it gets; raise what it raises.

    Where the iteration is left, the pipe breaks and `write` fails.
    """
    with Pipe(reading=True) as pipe:
        target, pipe.far = pipe.far, -1  # the thread's own: it may go on for a while where the iteration is left

        def work() -> None:
            try:
                write(target)
            finally:
                os.close(target)

        task = offload_outside(work)
        try:
            while piece := await pipe.read():
                yield piece
            await task
        finally:
            pipe.close_near()
            task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[None]") -> None:
    if not task.cancelled():
        task.exception()
