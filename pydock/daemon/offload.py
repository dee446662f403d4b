"""The only door from async to blocking code: `await offload(function, *arguments)`.

Called by every service for whatever may wait: the database, files, netlink, jobs.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Threads are made as they are needed.  A pull or a job holds one for as long as it runs, so there are many.
_POOL = ThreadPoolExecutor(max_workers=256, thread_name_prefix="offload")


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Run `function` in a thread; await what it returns or raises.

    A cancelled caller stops waiting; the function itself runs to its end.
    """
    return asyncio.get_running_loop().run_in_executor(_POOL, functools.partial(function, *args, **kwargs))
