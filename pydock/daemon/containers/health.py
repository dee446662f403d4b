"""Health checks: a command that is run in a container again and again, and what its exit codes say of it.

The wiring has `watch` called for each container that starts or is adopted.  ``Entry.health`` is what inspect shows; a
change of status is told as ``health_status: healthy``, and kept in the bundle for a daemon that comes back.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.exec import ExecService
from pydock.daemon.containers.execs import Execs
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.record import Container, Status
from pydock.daemon.containers.spec_builder import ExecOptions
from pydock.daemon.moments import SECOND, format_rfc3339
from pydock.daemon.offload import offload
from pydock.errors import PydockError, words_of

STARTING, HEALTHY, UNHEALTHY = "starting", "healthy", "unhealthy"

_INTERVAL: Final = 30 * SECOND
_TIMEOUT: Final = 30 * SECOND
_START_INTERVAL: Final = 5 * SECOND
_RETRIES: Final = 3
#: how a check ends that is killed, and how long its container may take to follow it, in seconds
_KILLED: Final = 137
_DYING: Final = 1.0
#: how long a check may take to start, which does not count for its own limit, in seconds
_START_LIMIT: Final = 30.0
#: how many results are kept, and how many bytes of the output of each
_KEPT: Final = 5
_OUTPUT: Final = 4096
_FILE: Final = "health.json"
#: in that file: when the life that it tells of began
_LIFE: Final = "StartedAt"
_SHELL: Final = ("/bin/sh", "-c")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """A health check with its defaults filled in; durations in nanoseconds."""

    args: tuple[str, ...]
    interval: int = _INTERVAL
    timeout: int = _TIMEOUT
    start_period: int = 0
    start_interval: int = _START_INTERVAL
    retries: int = _RETRIES

    @classmethod
    def of(cls, record: Container) -> "Check | None":
        """The check of a container; None where it has none, or one of an unknown kind."""
        config = record.config.get("Healthcheck") or {}
        kind, *words = config.get("Test") or ("NONE",)
        if kind == "CMD-SHELL":
            words = [*(record.config.get("Shell") or _SHELL), *words]
        elif kind != "CMD":
            if kind != "NONE":
                _log.warning("container %s: unknown healthcheck type %r (expected 'CMD')", record.id, kind)
            return None
        return cls(
            tuple(words),
            config.get("Interval") or _INTERVAL,
            config.get("Timeout") or _TIMEOUT,
            config.get("StartPeriod") or 0,
            config.get("StartInterval") or _START_INTERVAL,
            max(config.get("Retries") or 0, 0) or _RETRIES,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a check; times in nanoseconds since the epoch."""

    start: int
    end: int
    exit_code: int
    output: str

    def wire(self) -> dict[str, Any]:
        """As inspect shows it."""
        return {
            "Start": format_rfc3339(self.start),
            "End": format_rfc3339(self.end),
            "ExitCode": self.exit_code,
            "Output": self.output,
        }


class Health:
    """Checks all containers that ask for it."""

    def __init__(self, execs: ExecService, table: Execs, announcements: Announcements) -> None:
        self._execs = execs
        self._table = table
        self._announcements = announcements

    def watch(self, entry: Entry, live: LiveContainer) -> None:
        """Check a container for as long as `live` is its life; nothing happens where it has no check."""
        check = Check.of(entry.record)
        if check is None:
            entry.health = None
            return
        # a daemon that comes back does not know, as in Docker, how the container is by now
        before = kept(live.bundle, live.started_at) or entry.health or {}
        entry.health = {"Status": STARTING, "FailingStreak": 0, "Log": before.get("Log") or []}
        task = asyncio.get_running_loop().create_task(self._monitor(entry, live, check))
        live.ended.add_done_callback(lambda _: self._end(entry, task))

    def _end(self, entry: Entry, task: "asyncio.Task[None]") -> None:
        task.cancel()
        entry.health = without_life(entry.health)

    async def _monitor(self, entry: Entry, live: LiveContainer, check: Check) -> None:
        while True:
            await asyncio.sleep(_pause(check, entry) / SECOND)
            status = entry.record.state.status
            if status is Status.PAUSED:
                entry.health = without_life(entry.health)
            elif status is Status.RUNNING:
                try:
                    await self._take(entry, live, check, await self._run(entry, live, check))
                except Exception:
                    _log.exception("container %s: its health cannot be checked", entry.id)

    async def _run(self, entry: Entry, live: LiveContainer, check: Check) -> Result:
        start = time.time_ns()
        if not check.args:
            return Result(start, start, -1, "No exec command specified")
        options = ExecOptions(check.args)
        output = bytearray()
        late = False
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_START_LIMIT) as limit:
                code = await self._execs.probe(
                    entry, options, output, _OUTPUT + 1, lambda: limit.reschedule(loop.time() + check.timeout / SECOND)
                )
        except TimeoutError:
            code, late = -1, True
            self._kill(entry, live, options)
        except PydockError as error:
            return Result(start, time.time_ns(), -1, error.message)
        except OSError as error:
            return Result(start, time.time_ns(), -1, words_of(error))
        text = output[:_OUTPUT].decode("utf-8", "replace") + ("..." if len(output) > _OUTPUT else "")
        if late:
            text = f"Health check exceeded timeout ({format_duration(check.timeout)})" + (f": {text}" if text else "")
        return Result(start, time.time_ns(), code, text)

    def _kill(self, entry: Entry, live: LiveContainer, options: ExecOptions) -> None:
        """End a check that takes too long; its number may be another's by now, so it must be the shim's child."""
        for one in self._table.of(entry.id):
            if one.options is not options or not one.running:
                continue
            if one.pid:
                with contextlib.suppress(OSError, ValueError):
                    pidfd = os.pidfd_open(one.pid)
                    try:
                        stat = Path(f"/proc/{one.pid}/stat").read_text(encoding="latin-1")
                        if int(stat.rpartition(")")[2].split()[1]) == live.shim_pid:
                            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    finally:
                        os.close(pidfd)
            else:
                live.abandon_exec(one.id)
                self._table.drop(one)

    async def _take(self, entry: Entry, live: LiveContainer, check: Check, result: Result) -> None:
        """Count a result, and tell where the status changes by it."""
        if result.exit_code in (_KILLED, -1):  # perhaps for its container ended, of which we hear in a moment
            await asyncio.wait([live.ended], timeout=_DYING)
        if entry.live is not live:
            return
        before = entry.health or {}
        entry.health = judged(before, check, result, entry.record.state.started_at)
        if entry.health["Status"] != before.get("Status"):
            self._announcements.publish(entry.record, f"health_status: {entry.health['Status']}")
            await offload(_save, live.bundle, json.dumps({**entry.health, _LIFE: live.started_at}))


def kept(bundle: str, started_at: int) -> Mapping[str, Any] | None:
    """What an earlier daemon knew of the life that began then; None where it knew nothing."""
    try:
        with open(f"{bundle}/{_FILE}", encoding="utf-8") as file:
            known: dict[str, Any] = json.load(file)
            return known if known.pop(_LIFE, None) == started_at else None
    except (OSError, ValueError):
        return None


def without_life(health: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """As in Docker, what does not run, or is paused, is not healthy."""
    return None if health is None else {**health, "Status": UNHEALTHY}


def judged(health: Mapping[str, Any], check: Check, result: Result, started_at: int) -> dict[str, Any]:
    """The health after one more result: failures in the start period do not count until the first success."""
    status, streak = health.get("Status", STARTING), health.get("FailingStreak", 0)
    log = [*health.get("Log", ()), result.wire()][-_KEPT:]
    if result.exit_code == 0:
        return {"Status": HEALTHY, "FailingStreak": 0, "Log": log}
    if status != STARTING or result.start - started_at >= check.start_period:
        streak += 1
        if streak >= check.retries:
            status = UNHEALTHY
    return {"Status": status, "FailingStreak": streak, "Log": log}


def _pause(check: Check, entry: Entry) -> int:
    """How long to wait before the next run."""
    status = (entry.health or {}).get("Status")
    if status == STARTING and time.time_ns() - entry.record.state.started_at < check.start_period:
        return check.start_interval
    return check.interval


def _save(bundle: str, text: str) -> None:
    with contextlib.suppress(OSError):  # the bundle goes when the container ends
        path = Path(bundle, _FILE)
        temporary = path.with_suffix(".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def format_duration(nanoseconds: int) -> str:
    """A duration as Go prints it: ``1m30s``, ``1.5s``, ``500ms``."""
    if nanoseconds < SECOND:
        for unit, size in (("ms", 1_000_000), ("µs", 1000)):
            if nanoseconds >= size:
                return f"{_decimal(nanoseconds, size)}{unit}"
        return f"{nanoseconds}ns" if nanoseconds else "0s"
    minutes, rest = divmod(nanoseconds, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, SECOND)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
