"""pydockd that can be told to die (SIGKILL) at its n-th step: `steps` runs it as a module in pydockd's place.

A step is the beginning or the end of a piece of blocking work or of a commit of the index.  While the file that
DYING_AT names is there, steps are counted and their names written to the same path with ``.seen``; at the number that
the file holds the daemon dies.
"""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from pydock.daemon import main, offload
from pydock.daemon.state.database import Database
from pydock.daemon.threads import Threads

_AT = os.environ["DYING_AT"]


class _Steps:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def step(self, name: str) -> None:
        """Count, tell, die."""
        with self._lock:
            try:
                with open(_AT, encoding="ascii") as file:
                    deadly = int(file.read())
            except (OSError, ValueError):
                return
            self._count += 1
            with open(f"{_AT}.seen", "a", encoding="utf-8") as file:
                file.write(f"{name}\n")
            if self._count == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


_steps = _Steps()


class _Pool(Threads):
    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        name = _name(function)

        def work() -> Any:
            _steps.step(f"before {name}")
            try:
                return function(*args, **kwargs)
            finally:
                _steps.step(f"after {name}")

        return super().submit(work)


def _name(function: Any) -> str:
    """The name of what `offload` was asked to do."""
    if isinstance(function, functools.partial):
        function = function.func
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    named = [function, *(one for one in cells if callable(one))]
    return str(getattr(named[-1], "__qualname__", named[-1]))


def _commit(commit: Callable[[Database, Any], None]) -> Callable[[Database, Any], None]:
    def stepping(database: Database, group: Any) -> None:
        _steps.step("before a commit")
        commit(database, group)
        _steps.step("after a commit")

    return stepping


if __name__ == "__main__":
    offload._POOL = _Pool(256, "offload")
    Database._commit = _commit(Database._commit)  # type: ignore[method-assign, assignment]
    sys.exit(main.run(sys.argv[1:]))
