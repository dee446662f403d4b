"""What a start has written to the disk when it is answered."""

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.record import Container, State, Status
from pydock.daemon.containers.start import Starter
from pydock.errors import System
from pydock.runtime import cgroups
from pydock.runtime.messages import Started
from tests.unit.daemon.containers.made_containers import container


class Notes:
    """A catalog that has written down nothing until it is told so."""

    def __init__(self) -> None:
        self.durable: list[tuple[Status, Future[None]]] = []

    def note(self, entry: Entry, record: Container, durable: bool = False) -> "Future[None]":
        entry.record = record
        written: Future[None] = Future()
        if durable:
            self.durable.append((record.state.status, written))
        return written


def starter(notes: Any) -> Starter:
    """One whose containers run at once."""
    live = Mock(started=AsyncMock(return_value=Started(2, 3, 4, [])))
    sandbox = Mock(to_record=dict, endpoints={})
    made = AsyncMock(return_value=Mock(sandbox=sandbox))
    provisions = SimpleNamespace(outline=Mock(), mounts=AsyncMock(return_value=False), make=made)
    launcher: Any = Mock(summon=AsyncMock(), launch=AsyncMock(return_value=live))
    attachments: Any = Mock(give_away=lambda id: [])
    return Starter(notes, Mock(), provisions, launcher, attachments, Mock())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nothing_to_prime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "prime", lambda: None)


@pytest.mark.parametrize("error", [None, System("database: disk full")])
def test_what_starts_again_after_a_power_cut_is_on_the_disk_when_it_is_told_to_run(error: Exception | None) -> None:
    async def main() -> None:
        notes = Notes()
        entry = Entry(container(RestartPolicy={"Name": "always"}))
        start = asyncio.create_task(starter(notes).start(entry))
        while not notes.durable:
            await asyncio.sleep(0)
        assert entry.record.state.status is Status.RUNNING
        await asyncio.sleep(0.01)
        assert not start.done()
        ((status, written),) = notes.durable
        assert status is Status.RUNNING
        written.set_exception(error) if error else written.set_result(None)
        await start  # it runs, whatever could be written down of that

    asyncio.run(main())


@pytest.mark.parametrize(
    ("policy", "status"), [("no", Status.CREATED), ("", Status.EXITED), ("always", Status.RESTARTING)]
)
def test_other_starts_wait_for_no_disk(policy: str, status: Status) -> None:
    notes = Notes()
    entry = Entry(container(state=State(status), RestartPolicy={"Name": policy}))
    asyncio.run(starter(notes).start(entry))
    assert entry.record.state.status is Status.RUNNING
    assert not notes.durable
