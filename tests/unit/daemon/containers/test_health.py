"""Health checks: which there are, what their results say, and what becomes known of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pydock.daemon.containers import health
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.exec import ExecService
from pydock.daemon.containers.execs import Execs
from pydock.daemon.containers.health import Check, Health, Result, judged
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.record import Container, State, Status
from pydock.errors import System
from tests.unit.daemon.containers.made_containers import container

SECOND = 10**9
QUICK = 10**6


def checked(test: list[str] | None, **more: Any) -> Container:
    return container({"Healthcheck": {"Test": test, **more}})


@pytest.mark.parametrize(
    ("test", "args"),
    [
        (["CMD", "a", "b"], ("a", "b")),
        (["CMD-SHELL", "a b"], ("/bin/sh", "-c", "a b")),
        (["NONE"], None),
        ([], None),
        (None, None),
        (["SHELL", "x"], None),
    ],
)
def test_kinds(test: list[str] | None, args: tuple[str, ...] | None) -> None:
    check = Check.of(checked(test))
    assert (check and check.args) == args


def test_defaults_and_what_is_given() -> None:
    assert Check.of(checked(["CMD", "x"])) == Check(("x",), 30 * SECOND, 30 * SECOND, 0, 5 * SECOND, 3)
    given = checked(["CMD", "x"], Interval=QUICK, Timeout=2 * QUICK, StartPeriod=3 * QUICK, StartInterval=4 * QUICK)
    assert Check.of(given) == Check(("x",), QUICK, 2 * QUICK, 3 * QUICK, 4 * QUICK, 3)


def after(codes: list[int], check: Check, started_at: int = 0) -> dict[str, Any]:
    seen: dict[str, Any] = {"Status": "starting", "FailingStreak": 0, "Log": []}
    for number, code in enumerate(codes):
        seen = judged(seen, check, Result(number * SECOND, number * SECOND, code, str(number)), started_at)
    return seen


@pytest.mark.parametrize(
    ("codes", "start_period", "status", "streak"),
    [
        ([0], 0, "healthy", 0),
        ([1], 0, "starting", 1),
        ([1, 1], 0, "unhealthy", 2),
        ([1, 0, 1], 0, "healthy", 1),
        ([1, 1, 0], 0, "healthy", 0),
        ([1, 1, 1], 2 * SECOND, "starting", 1),
        ([1, 1, 1, 1], 2 * SECOND, "unhealthy", 2),
        ([0, 1, 1], 60 * SECOND, "unhealthy", 2),
    ],
)
def test_what_results_come_to(codes: list[int], start_period: int, status: str, streak: int) -> None:
    seen = after(codes, Check((), start_period=start_period, retries=2))
    assert (seen["Status"], seen["FailingStreak"]) == (status, streak)


def test_the_last_five_are_kept() -> None:
    assert [one["Output"] for one in after([0] * 8, Check(()))["Log"]] == ["3", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (1500, "1.5µs"), (500 * QUICK, "500ms"), (SECOND * 90, "1m30s"), (SECOND * 3601, "1h0m1s")],
)
def test_durations_are_written_as_go_does(nanoseconds: int, text: str) -> None:
    assert health.format_duration(nanoseconds) == text


Probe = Callable[[bytearray], Awaitable[int]]


@dataclass
class Stage:
    """A running container whose checks end as `probe` says."""

    probe: Probe
    entry: Entry
    live: LiveContainer
    told: list[str] = field(default_factory=list)
    #: how long it takes until a check runs, in seconds
    start_takes: float = 0.0

    @classmethod
    def of(cls, folder: Path, probe: Probe, test: tuple[str, ...] = ("CMD", "x"), **check: Any) -> "Stage":
        record = checked(list(test), Interval=QUICK, Retries=1, **check)
        record = replace(record, state=State(status=Status.RUNNING, started_at=1))
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        live = cast(LiveContainer, SimpleNamespace(bundle=str(folder), started_at=1, shim_pid=1, ended=ended))
        stage = cls(probe, Entry(record, live=live), live)
        execs = SimpleNamespace(probe=lambda entry, options, output, limit, started: stage.run(output, started))
        table = SimpleNamespace(of=lambda identity: [])
        announcements = SimpleNamespace(publish=lambda record, action: stage.told.append(action))
        Health(cast(ExecService, execs), cast(Execs, table), cast(Announcements, announcements)).watch(
            stage.entry, live
        )
        return stage

    async def run(self, output: bytearray, started: Callable[[], None]) -> int:
        """Check once."""
        await asyncio.sleep(self.start_takes)
        started()
        return await self.probe(output)

    async def comes_to(self, status: str) -> dict[str, Any]:
        """Wait for a status and its result."""
        async with asyncio.timeout(20):
            while not (self.entry.health and self.entry.health["Status"] == status and self.entry.health["Log"]):
                await asyncio.sleep(0.001)
        return dict(self.entry.health)

    async def end(self) -> None:
        """The container ends."""
        self.entry.live = None
        if not self.live.ended.done():
            self.live.ended.set_result(None)
        await asyncio.sleep(0.01)


def run(play: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(cast(Any, play()))


def test_a_change_of_status_is_told_once_and_kept(tmp_path: Path) -> None:
    async def play() -> None:
        code = 0

        async def probe(output: bytearray) -> int:
            output += b"said"
            return code

        stage = Stage.of(tmp_path, probe)
        shown = await stage.comes_to("healthy")
        assert (shown["Log"][0]["ExitCode"], shown["Log"][0]["Output"]) == (0, "said")
        code = 3
        await stage.comes_to("unhealthy")
        await asyncio.sleep(0.02)
        assert stage.told == ["health_status: healthy", "health_status: unhealthy"]
        known = health.kept(str(tmp_path), 1)
        assert known
        assert known["Status"] == "unhealthy"
        assert health.kept(str(tmp_path), 2) is None
        await stage.end()

    run(play)


def test_long_output_is_cut_and_a_check_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def play() -> None:
        fails = True

        async def probe(output: bytearray) -> int:
            if fails:
                raise System("no such program")
            output += b"x" * 5000
            return 0

        stage = Stage.of(tmp_path, probe)
        first = (await stage.comes_to("unhealthy"))["Log"][0]
        assert (first["ExitCode"], first["Output"]) == (-1, "no such program")
        fails = False
        last = (await stage.comes_to("healthy"))["Log"][-1]
        assert last["Output"] == "x" * 4096 + "..."
        await stage.end()

    run(play)


def test_a_check_without_words_fails(tmp_path: Path) -> None:
    async def play() -> None:
        async def probe(output: bytearray) -> int:
            raise AssertionError("there is nothing to run")

        stage = Stage.of(tmp_path, probe, ("CMD",))
        last = (await stage.comes_to("unhealthy"))["Log"][-1]
        assert (last["ExitCode"], last["Output"]) == (-1, "No exec command specified")
        await stage.end()

    run(play)


def test_a_check_that_takes_too_long_has_failed(tmp_path: Path) -> None:
    async def play() -> None:
        async def probe(output: bytearray) -> int:
            output += b"begun"
            await asyncio.sleep(1000)
            return 0

        stage = Stage.of(tmp_path, probe, Timeout=5 * QUICK)
        result = (await stage.comes_to("unhealthy"))["Log"][0]
        assert (result["ExitCode"], result["Output"]) == (-1, "Health check exceeded timeout (5ms): begun")
        await stage.end()

    run(play)


def test_how_long_a_check_takes_to_start_does_not_count(tmp_path: Path) -> None:
    async def play() -> None:
        async def probe(output: bytearray) -> int:
            return 0

        stage = Stage.of(tmp_path, probe, Timeout=100 * QUICK)
        stage.start_takes = 0.3
        assert (await stage.comes_to("healthy"))["Log"][0]["ExitCode"] == 0
        await stage.end()

    run(play)


@pytest.mark.parametrize("begun", [True, False])
def test_a_check_that_dies_with_its_container_says_nothing(tmp_path: Path, begun: bool) -> None:
    async def play() -> None:
        killed = asyncio.Event()

        async def probe(output: bytearray) -> int:
            killed.set()
            if begun:
                return 137
            raise System("container is not running")

        stage = Stage.of(tmp_path, probe)
        await killed.wait()
        await asyncio.sleep(0.01)
        await stage.end()
        assert stage.told == []
        assert stage.entry.health == {"Status": "unhealthy", "FailingStreak": 0, "Log": []}

    run(play)


def test_a_paused_container_is_not_checked(tmp_path: Path) -> None:
    async def play() -> None:
        async def probe(output: bytearray) -> int:
            return 0

        stage = Stage.of(tmp_path, probe)
        await stage.comes_to("healthy")
        state = replace(stage.entry.record.state, status=Status.PAUSED)
        stage.entry.record = replace(stage.entry.record, state=state)
        await stage.comes_to("unhealthy")
        assert stage.told == ["health_status: healthy"]
        await stage.end()

    run(play)
