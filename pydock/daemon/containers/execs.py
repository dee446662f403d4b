"""The execs of all containers, as values: made by create, run by start, kept for a while after their end.

`exec` works on them.  A running one is also kept in its container's bundle, where a daemon that comes back finds it.
"""

import asyncio
import contextlib
import json
import time
from dataclasses import asdict, dataclass, field, fields
from itertools import takewhile
from pathlib import Path

from pydock.daemon.containers.spec_builder import ExecOptions
from pydock.errors import NotFound

#: for how long an exec that has ended, or was never started, can be inspected, in seconds
KEPT = 300.0


@dataclass(slots=True)
class Exec:
    """One exec.  ``exit_code`` None: it has not ended; ``pid`` 0: it never ran."""

    id: str
    container: str
    options: ExecOptions
    open_stdin: bool = False
    open_stdout: bool = False
    open_stderr: bool = False
    detach_keys: str = ""
    running: bool = False
    exit_code: int | None = None
    pid: int = 0
    touched: float = field(default_factory=time.monotonic)
    #: set once it is known whether it runs
    settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)


class Execs:
    """All of them by ID."""

    def __init__(self) -> None:
        #: those that do not run are in the order in which they were touched
        self._execs: dict[str, Exec] = {}
        self._of: dict[str, dict[str, Exec]] = {}

    def add(self, one: Exec) -> None:
        """Enter one, and forget those that nobody has asked for in a long time."""
        self._execs[one.id] = one
        self._of.setdefault(one.container, {})[one.id] = one
        for other in list(takewhile(_is_old_or_runs, self._execs.values())):
            if not other.running:
                self.drop(other)

    def find(self, identity: str) -> Exec:
        """The exec with an ID; NotFound in Docker's words."""
        try:
            return self._execs[identity]
        except KeyError:
            raise NotFound(f"No such exec instance: {identity}") from None

    def of(self, container_id: str) -> list[Exec]:
        """Those of a container."""
        return list(self._of.get(container_id, {}).values())

    def ended(self, one: Exec, exit_code: int) -> None:
        """One has ended, or could not be started; it moves to the end of those to be forgotten."""
        one.running = False
        one.exit_code = exit_code
        one.touched = time.monotonic()
        if self._execs.pop(one.id, None):
            self._execs[one.id] = one

    def drop(self, one: Exec) -> None:
        """One will never run, or nobody will ask for it."""
        self._execs.pop(one.id, None)
        siblings = self._of.get(one.container, {})
        siblings.pop(one.id, None)
        if not siblings:
            self._of.pop(one.container, None)

    def forget(self, container_id: str) -> None:
        """A container is gone."""
        for one in self.of(container_id):
            self.drop(one)


def _is_old_or_runs(one: Exec) -> bool:
    return one.running or one.touched <= time.monotonic() - KEPT


#: what of an exec stands in the bundle
_WRITTEN = [one.name for one in fields(Exec) if one.name not in ("touched", "settled")]


def keep(one: Exec, bundle: str) -> None:
    """Write a running exec into the bundle; where there is no room, a daemon that comes back does not know it."""
    values = {name: getattr(one, name) for name in _WRITTEN} | {"options": asdict(one.options)}
    try:
        Path(bundle, f"exec-{one.id}.json").write_text(json.dumps(values), encoding="utf-8")
    except OSError:
        drop(one.id, bundle)


def drop(identity: str, bundle: str) -> None:
    """It has ended."""
    with contextlib.suppress(OSError):
        Path(bundle, f"exec-{identity}.json").unlink()


def load_all(bundle: str) -> list[Exec]:
    """What an earlier daemon kept of the execs of a container."""
    found = (_load(path) for path in sorted(Path(bundle).glob("exec-*.json")))
    return [one for one in found if one is not None]


def _load(path: Path) -> Exec | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        options = values.pop("options")
        options["console_size"] = tuple(options["console_size"])
        return Exec(options=ExecOptions(**options), **{name: values[name] for name in _WRITTEN if name in values})
    except (OSError, ValueError, KeyError, TypeError):
        return None
