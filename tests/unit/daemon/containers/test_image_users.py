"""A container while it is committed."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.image_users import ContainerImages
from pydock.daemon.containers.record import State, Status
from pydock.errors import Conflict
from pydock.imagestore.snapshots import Snapshots
from tests.unit.daemon.containers.made_containers import container

#: it runs still, though it was sent SIGKILL
KILLED = None


class Frozen:
    """What is done to the control group, the writable layer and the listeners of a container, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[Path]:
        self.done.append("read")
        yield Path("/upper")
        self.done.append("unread")

    def publish(self, record: Any, action: str) -> None:
        self.done.append(action)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        self.done.append("freeze")
        yield
        self.done.append("thaw")


class Found:
    """A catalog of one."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def find(self, reference: str) -> Entry:
        return self.entry


@pytest.mark.parametrize(
    ("status", "pause", "held", "steps"),
    [
        (Status.RUNNING, True, True, ["read", "freeze", "pause", "thaw", "unpause", "unread"]),
        (KILLED, True, True, ["read", "unread"]),
        (Status.RUNNING, False, False, ["read", "unread"]),
        (Status.PAUSED, False, False, ["read", "unread"]),
        (Status.PAUSED, True, True, ["read", "unread"]),
        (Status.EXITED, True, True, ["read", "unread"]),
        (Status.EXITED, False, True, ["read", "unread"]),
    ],
)
def test_one_that_goes_on_running_can_be_stopped_meanwhile(
    status: Status | None, pause: bool, held: bool, steps: list[str]
) -> None:
    """A commit of gigabytes without a pause kept it from ending, and whoever waited for its end waiting."""

    async def scene() -> None:
        does = Frozen()
        entry = Entry(container(state=State(status=status or Status.RUNNING)))
        entry.live = cast(Any, type("Live", (), {"cgroup": does, "killed": status is KILLED})())
        users = ContainerImages(cast(Catalog, Found(entry)), cast(Snapshots, does), cast(Announcements, does))

        def commit() -> None:
            with users.committing("box", pause) as source:
                assert source.upper == Path("/upper")
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
                assert entry.lock.locked() is held

        loop = asyncio.get_running_loop()
        await asyncio.to_thread(commit)
        await asyncio.sleep(0)
        assert not entry.lock.locked()
        assert does.done == steps

    asyncio.run(scene())


def test_one_that_goes_is_not_committed() -> None:
    async def scene() -> None:
        entry = Entry(container(state=State(status=Status.REMOVING)))
        does = Frozen()
        users = ContainerImages(cast(Catalog, Found(entry)), cast(Snapshots, does), cast(Announcements, does))

        def commit() -> None:
            with pytest.raises(Conflict, match="which is removing"), users.committing("box", True):
                raise AssertionError

        await asyncio.to_thread(commit)
        assert not entry.lock.locked()
        assert does.done == []

    asyncio.run(scene())
