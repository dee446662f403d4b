"""Threads that are there before anything is opened for them: one that never runs closes nothing.

Used where images are brought in and out.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from pydock.errors import System

_NONE = "cannot start a thread: resource temporarily unavailable"


def begin(limit: int, name: str) -> ThreadPoolExecutor:
    """A pool of at most `limit` threads, one of which runs; System where the kernel gives none."""
    pool = ThreadPoolExecutor(limit, name)
    try:
        pool.submit(bool)
    except RuntimeError as error:
        raise System(_NONE) from error
    return pool


def start(thread: threading.Thread) -> None:
    """Start `thread`; System where the kernel gives none."""
    try:
        thread.start()
    except RuntimeError as error:
        raise System(_NONE) from error
