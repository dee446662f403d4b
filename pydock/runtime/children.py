"""The birth of every process that the zygote forks: what a child must shed before it becomes somebody else.

The zygote and the shim call this.
"""

import os
import resource
import signal
import traceback
from collections.abc import Callable, Collection
from typing import NoReturn

from pydock.linux.bare_fork import bare_fork
from pydock.linux.process import default_hidden_signals

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

_LAST = 2**31 - 1
_usual_limit: list[tuple[int, int]] = []


def raise_file_limit() -> None:
    """Allow this process and its children as many open files as the kernel lets them have."""
    _usual_limit[:] = [resource.getrlimit(resource.RLIMIT_NOFILE)]
    hard = _usual_limit[0][1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def restore_file_limit() -> None:
    """Go back to what the engine was started with: what a container has unless it asks for something else."""
    if _usual_limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, _usual_limit[0])


def fork(name: str, life: Callable[[], object], keep: Collection[int]) -> int:
    """Fork a child called `name` that keeps descriptors 0, 1, 2 and `keep` and ends when `life` returns; its pid.

    The caller is single-threaded.  Signals have their default dispositions in the child, and `random` is seeded again
    (os.register_at_fork).
    """
    pid = os.fork()
    if pid == 0:
        _live(name, life, keep, restore_signals)
    return pid


def fork_small(name: str, life: Callable[[], object], keep: Collection[int]) -> int:
    """The same for a child that lives long and should stay small: it heeds no signals, as its parent, and is bare."""
    pid = bare_fork()
    if pid == 0:
        _live(name, life, keep, None)
    return pid


def _live(name: str, life: Callable[[], object], keep: Collection[int], prepare: Callable[[], None] | None) -> NoReturn:
    code = 1
    try:
        if prepare:
            prepare()
        close_all_but(keep)
        set_name(name)
        life()
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def set_name(name: str) -> None:
    """The name that ps(1) shows, at most 15 bytes (as PR_SET_NAME, touching less)."""
    file = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    os.write(file, name.encode())
    os.close(file)


def close_all_but(keep: Collection[int]) -> None:
    """Close every descriptor above 2 that is not in `keep`."""
    first = 3
    for descriptor in sorted(keep):
        if descriptor > first:
            os.closerange(first, descriptor)
        first = max(first, descriptor + 1)
    os.closerange(first, _LAST)


def restore_signals() -> None:
    """Give every signal that Python or the engine handles its default disposition, and let none be blocked."""
    signal.set_wakeup_fd(-1)
    for number in (*UNHEEDED, signal.SIGXFSZ, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    default_hidden_signals()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def heed_no_signals() -> None:
    """Pass over the signals that a terminal, a shell or a service manager sends to whole groups of processes."""
    for number in UNHEEDED:
        signal.signal(number, signal.SIG_IGN)
