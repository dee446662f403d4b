"""Requests on one container that meet."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest

from pydock.daemon.containers.afterlife import Afterlife
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.lifecycle import Lifecycle, RemoveOptions
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.record import State, Status
from pydock.daemon.containers.waiters import Outcome, Waiters
from pydock.errors import Conflict, NotFound, System
from pydock.linux import datagram
from pydock.runtime import channel
from pydock.runtime.messages import Done, Signal
from tests.unit.daemon.containers.made_containers import container


class Stage:
    """A lifecycle over a catalog in memory, with one container that runs."""

    def __init__(self) -> None:
        self.entry = Entry(container(state=State(Status.RUNNING, pid=1)))
        self.waiters = Waiters()
        self.done: list[str] = []
        self.afterlife = Afterlife(self, self._start, self._remove)  # type: ignore[arg-type]
        services: Any = self
        self.lifecycle = Lifecycle(services, Mock(), services, services, self.afterlife, self.waiters)
        self.entry.live = cast("Any", SimpleNamespace(signal=self._signal))
        self.refused: OSError | None = None

    def note(self, entry: Entry, record: Any) -> None:
        entry.record = record

    async def start(self, entry: Entry, restart_count: int = 0) -> None:
        self.done.append("start")

    async def remove(self, entry: Entry, volumes: bool = True) -> None:
        self.done.append("remove")

    async def _start(self, entry: Entry, restart_count: int) -> None: ...

    async def _remove(self, entry: Entry) -> None: ...

    async def _signal(self, number: int) -> None:
        if self.refused:
            raise self.refused

    async def end(self) -> None:
        """What `exits` does."""
        async with self.entry.lock:
            self.entry.live = None
            self.entry.record = container(state=State(Status.EXITED))
            self.waiters.tell_exit(self.entry.id, Outcome(137))


def test_nobody_starts_what_is_being_removed_by_force() -> None:
    async def main() -> list[str]:
        stage = Stage()
        removal = asyncio.create_task(stage.lifecycle.remove(stage.entry, "box", RemoveOptions(force=True)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        end = asyncio.create_task(stage.end())
        await asyncio.sleep(0)
        with pytest.raises(Conflict, match="marked for removal"):  # it is next at the lock
            await stage.lifecycle.start(stage.entry)
        await removal
        await end
        return stage.done

    assert asyncio.run(main()) == ["remove"]


def test_a_removal_that_fails_leaves_no_mark() -> None:
    async def main() -> list[str]:
        stage = Stage()
        stage.refused = PermissionError(1, "Operation not permitted")
        with pytest.raises(System):
            await stage.lifecycle.remove(stage.entry, "box", RemoveOptions(force=True))
        await stage.end()
        await stage.lifecycle.start(stage.entry)
        with pytest.raises(KeyError):
            stage.afterlife.release(stage.entry)
        return stage.done

    assert asyncio.run(main()) == ["start"]


def test_what_was_sent_sigkill_is_not_paused() -> None:
    """Frozen before it heeds the signal it would not end, and whoever killed it would hear that."""

    async def main() -> None:
        stage = Stage()
        ours, theirs = datagram.pair()
        live = LiveContainer(ours, "/bundle", "")
        live.cgroup = cgroup = Mock()
        stage.entry.live = live

        def answer() -> None:
            request = channel.decode(datagram.receive(theirs)[0])
            assert isinstance(request, Signal)
            channel.send(theirs, Done(request.request))

        killing = asyncio.create_task(stage.lifecycle.kill(stage.entry, 9))
        await asyncio.to_thread(answer)
        with pytest.raises(Conflict, match="is not running"):  # it is next at the lock
            await stage.lifecycle.pause(stage.entry)
        await stage.end()
        await killing
        assert not cgroup.freeze.called
        live.close()
        theirs.close()

    asyncio.run(main())


@pytest.mark.parametrize(("status", "error"), [(Status.RESTARTING, NotFound), (Status.EXITED, Conflict)])
def test_a_terminal_without_a_process_is_not_resized(status: Status, error: type[Exception]) -> None:
    stage = Stage()
    stage.entry.live, stage.entry.record = None, container(state=State(status))
    with pytest.raises(error, match="is not running"):
        asyncio.run(stage.lifecycle.resize(stage.entry, 10, 20))
