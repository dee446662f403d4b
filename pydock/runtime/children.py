"""The birth of every process that the zygote forks: what a child must shed before it becomes somebody else.

The zygote and the shim call this.
"""

import os
import signal
from collections.abc import Callable, Collection
from typing import NoReturn

from pydock.linux.process import close_range, set_name

#: signals that a long-lived process of the engine does not die of: it ends by what it watches, not by a shell's hang-up
UNHEEDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGQUIT,
    signal.SIGPIPE,
    signal.SIGTTOU,
    signal.SIGTSTP,
)


def fork(name: str, life: Callable[[], object], keep: Collection[int]) -> int:
    """Fork a child called `name` that keeps descriptors 0, 1, 2 and `keep` and ends when `life` returns; its pid.

    The caller is single-threaded.  `random` reseeds itself in the child (os.register_at_fork).
    """
    pid = os.fork()
    if pid == 0:
        _live(name, life, keep)
    return pid


def _live(name: str, life: Callable[[], object], keep: Collection[int]) -> NoReturn:
    code = 1
    try:
        close_all_but(keep)
        restore_signals()
        set_name(name)
        life()
        code = 0
    finally:
        os._exit(code)


def close_all_but(keep: Collection[int]) -> None:
    """Close every descriptor above 2 that is not in `keep`."""
    first = 3
    for descriptor in sorted(keep):
        if descriptor > first:
            close_range(first, descriptor - 1)
        first = max(first, descriptor + 1)
    close_range(first)


def restore_signals() -> None:
    """Give every signal its default disposition and let none be blocked."""
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, None) and number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def heed_no_signals() -> None:
    """Pass over the signals that a terminal, a shell or a service manager sends to whole groups of processes."""
    for number in UNHEEDED:
        signal.signal(number, signal.SIG_IGN)
