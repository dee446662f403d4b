"""The process that stays as PID 1 under ``--init``: it passes signals on to the program and reaps orphans."""

import os
import signal
from typing import NoReturn

from pydock.linux.process import close_range

#: a fault of this process itself, and what job control sends to a background group
_NOT_FORWARDED = frozenset(
    {
        signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS,
        signal.SIGTTIN, signal.SIGTTOU, signal.SIGKILL, signal.SIGSTOP,
    }
)  # fmt: skip


def supervise(child: int) -> NoReturn:
    """Forward signals to `child` and reap until it ends; then end as it did (128+n after a signal)."""
    watched = signal.valid_signals() - _NOT_FORWARDED
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    # nothing is exec'd here, so what close-on-exec would have closed goes by hand; /proc/1/fd/1 is worth keeping
    close_range(3)
    while True:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                os._exit(1)
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
            if pid == 0:
                break
        received = signal.sigwaitinfo(watched).si_signo
        if received != signal.SIGCHLD:
            try:
                os.kill(child, received)
            except ProcessLookupError:
                continue
