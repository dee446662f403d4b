"""The only doors from async to blocking code: `await offload(function, *arguments)`.

Called by every service for whatever may wait: the database, files, netlink, jobs.  What waits for a client, a
registry or a file server goes by a door of its own, so that slow ones never hold the threads that the others need.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pydock.daemon.threads import Threads

P = ParamSpec("P")
T = TypeVar("T")

_POOL = Threads(256, "offload")
#: What waits for somebody outside does little else, so there may be as many as there are clients.  Bodies have threads
#: of their own: who reads a body must not keep it from coming.
_OUTSIDE = Threads(4096, "outside")
_BODIES = Threads(4096, "body")
#: how long the daemon's end waits for a client, a registry or a file server that may never answer, in seconds
_PATIENCE = 10.0


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Run `function` in a thread; await what it returns or raises.

    A cancelled caller stops waiting; the function itself runs to its end.
    """
    return asyncio.get_running_loop().run_in_executor(_POOL, functools.partial(function, *args, **kwargs))


def offload_outside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """As `offload`, for what waits for a client that sends or takes, for a registry, or for a file server."""
    return asyncio.get_running_loop().run_in_executor(_OUTSIDE, functools.partial(function, *args, **kwargs))


def offload_body(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """As `offload`, for what brings a client's body to who reads it."""
    return asyncio.get_running_loop().run_in_executor(_BODIES, functools.partial(function, *args, **kwargs))


def finish() -> None:
    """At the daemon's end: wait until all that was begun is done; of what waits for somebody outside, a while only."""
    _POOL.shutdown()
    for pool in (_OUTSIDE, _BODIES):
        pool.shutdown(timeout=_PATIENCE)
