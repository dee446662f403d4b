"""What containers use: processor, memory, network, disk; for ``GET /containers/{id}/stats``.

One sampler reads for all streams, once a second and in one thread, while there are any; a client too slow for that
gets the latest only.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.usage_json import Reading, stats_json
from pydock.daemon.offload import offload
from pydock.errors import NotFound
from pydock.runtime.cgroups import Stats as GroupStats

INTERVAL = 1.0
#: two readings nearer to each other than this, in seconds, tell nothing
_TOO_NEAR = 0.3


@dataclass(eq=False, slots=True)
class _Watched:
    """A container that somebody watches, and its readings so far."""

    entry: Entry
    watchers: int = 0
    live: LiveContainer | None = None
    previous: Reading | None = None
    latest: Reading | None = None


class Statistics:
    """Samples containers.  Made on the event loop."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._watched: dict[str, _Watched] = {}
        self._task: asyncio.Task[None] | None = None
        self._tick = asyncio.Event()

    async def once(self, entry: Entry, one_shot: bool) -> dict[str, Any]:
        """One sample; with the one of a second before, unless it is a one-shot."""
        first = (await self._read([entry]))[0]
        if first is None:
            return stats_json(entry.record, None, None)
        if one_shot:  # Docker does not say whose it is
            sample = stats_json(entry.record, first, None)
            return {key: value for key, value in sample.items() if key not in ("id", "name")}
        await asyncio.sleep(INTERVAL)
        second = (await self._read([entry]))[0]
        return stats_json(entry.record, second, first if second else None)

    async def stream(self, entry: Entry) -> AsyncGenerator[dict[str, Any]]:
        """A sample a second, until the container is removed; the first stands alone."""
        watched = self._watched.setdefault(entry.id, _Watched(entry))
        watched.watchers += 1
        try:
            if watched.latest is None:
                await self._sample([watched])
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            tick = self._tick
            yield stats_json(entry.record, watched.latest, None)
            while True:
                await tick.wait()
                tick = self._tick
                if not self._exists(entry):
                    return
                yield stats_json(entry.record, watched.latest, watched.previous)
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                self._watched.pop(entry.id, None)

    def _exists(self, entry: Entry) -> bool:
        try:
            return self._catalog.find(entry.id) is entry
        except NotFound:
            return False

    async def _run(self) -> None:
        try:
            while self._watched:
                await asyncio.sleep(INTERVAL)
                await self._sample(list(self._watched.values()))
                tick, self._tick = self._tick, asyncio.Event()
                tick.set()
        finally:
            self._task = None

    async def _sample(self, watched: list[_Watched]) -> None:
        readings = await self._read([one.entry for one in watched])
        for one, reading in zip(watched, readings, strict=True):
            same = reading is not None and one.live is one.entry.live
            if not same:
                one.previous = None
            elif one.latest is not None and reading is not None:
                if reading.time - one.latest.time < _TOO_NEAR * 1e9:
                    continue
                one.previous = one.latest
            one.live, one.latest = one.entry.live, reading

    async def _read(self, entries: Iterable[Entry]) -> list[Reading | None]:
        lives = [(entry.live, entry.record.host_config.get("NetworkMode") == "host") for entry in entries]
        if not any(live for live, _ in lives):
            return [None] * len(lives)
        return await offload(_read_all, lives)


def _read_all(lives: list[tuple[LiveContainer | None, bool]]) -> list[Reading | None]:
    system, processors = _system_usage()
    return [_read_one(live, host, system, processors) if live else None for live, host in lives]


def _read_one(live: LiveContainer, host: bool, system: int, processors: int) -> Reading | None:
    if not live.pid or live.ended.done():
        return None
    try:
        group = live.cgroup.stats() if live.cgroup else GroupStats()
        networks = {} if host else _networks(live.pid)
    except OSError:  # it has just ended
        return None
    return Reading(
        time.time_ns(), group, system, processors, networks, live.cgroup.layout.version if live.cgroup else 2
    )


def _system_usage() -> tuple[int, int]:
    """All processors' time in nanoseconds, the idle included, and how many of them are there (proc_stat(5))."""
    total = processors = 0
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            if line.startswith("cpu "):
                total = sum(map(int, line.split()[1:8])) * 10_000_000
            elif line.startswith("cpu"):
                processors += 1
            else:
                break
    return total, processors


_COUNTERS = ("bytes", "packets", "errors", "dropped")


def _networks(pid: int) -> Mapping[str, Mapping[str, int]]:
    """The interfaces of a process's network namespace but lo (proc_pid_net(5))."""
    found: dict[str, dict[str, int]] = {}
    path = f"/proc/{pid}/net/dev"
    # a container that may make interfaces may call them as it likes
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
        for line in file.readlines()[2:]:
            name, _, rest = line.partition(":")
            numbers = rest.split()
            if name.strip() != "lo" and len(numbers) >= 12:
                received = {f"rx_{what}": int(numbers[index]) for index, what in enumerate(_COUNTERS)}
                sent = {f"tx_{what}": int(numbers[index + 8]) for index, what in enumerate(_COUNTERS)}
                found[name.strip()] = received | sent
    return found
