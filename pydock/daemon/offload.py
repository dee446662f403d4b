"""The only doors from async to blocking code: `await offload(function, *arguments)`.

Called by every service for whatever may wait: the database, files, netlink, jobs.  What waits for a client or for a
registry goes by a door of its own, so that slow ones never hold the threads that the others need.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Threads are made as they are needed.
_POOL = ThreadPoolExecutor(max_workers=256, thread_name_prefix="offload")
#: What waits for somebody outside does little else, so there may be as many as there are clients.  Bodies have threads
#: of their own: who reads a body must not keep it from coming.
_OUTSIDE = ThreadPoolExecutor(max_workers=4096, thread_name_prefix="outside")
_BODIES = ThreadPoolExecutor(max_workers=4096, thread_name_prefix="body")


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Run `function` in a thread; await what it returns or raises.

    A cancelled caller stops waiting; the function itself runs to its end.
    """
    return asyncio.get_running_loop().run_in_executor(_POOL, functools.partial(function, *args, **kwargs))


def offload_outside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """As `offload`, for what waits for a client that sends or takes, or for a registry."""
    return asyncio.get_running_loop().run_in_executor(_OUTSIDE, functools.partial(function, *args, **kwargs))


def offload_body(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """As `offload`, for what brings a client's body to who reads it."""
    return asyncio.get_running_loop().run_in_executor(_BODIES, functools.partial(function, *args, **kwargs))
