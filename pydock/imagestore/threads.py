"""Threads that are there before anything is opened for them: one that never runs closes nothing.

Used where images are brought in and out.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from pydock.errors import System

P = ParamSpec("P")
T = TypeVar("T")

_NONE = "cannot start a thread: resource temporarily unavailable"


def begin(limit: int, name: str) -> ThreadPoolExecutor:
    """A pool of at most `limit` threads, one of which runs; System where the kernel gives none."""
    pool = ThreadPoolExecutor(limit, name)
    submit(pool, bool)
    return pool


def submit(pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
    """Have `pool` do `work`; System where the kernel gives no thread for it: one that is there does it all the same."""
    try:
        return pool.submit(work, *args, **kwargs)
    except RuntimeError as error:
        raise System(_NONE) from error


def start(thread: threading.Thread) -> None:
    """Start `thread`; System where the kernel gives none."""
    try:
        thread.start()
    except RuntimeError as error:
        raise System(_NONE) from error
