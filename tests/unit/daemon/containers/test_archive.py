"""What is taken out of a container, and the descriptors that it goes through."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from pydock.daemon.containers.archive import Archive, Put
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.record import State, Status
from pydock.daemon.pipes import write
from pydock.errors import Conflict, NotFound
from pydock.worker.container_files import PathStat, PutOptions, View
from tests.unit.daemon.containers.made_containers import container


def snapshots() -> Any:
    """Roots without mounts, and without anything changed."""
    return Mock(mounts=lambda id: [], reading=lambda id: contextlib.nullcontext("/"))


class SlowFiles:
    """A worker that gets to its descriptor late."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.said: list[str] = []

    def export(self, mounts: object, target: int) -> None:
        assert self.go.wait(60)
        try:
            os.write(target, b"tar")
        except OSError as error:
            self.said.append(type(error).__name__)
            raise


class EndingContainer:
    """Its process ends when a worker is about to enter its namespace; its root can be mounted as ever."""

    def __init__(self) -> None:
        ended: Any = SimpleNamespace(done=lambda: False)
        live: Any = SimpleNamespace(pid=os.getpid(), ended=ended)
        self.entry = Entry(container(state=State(Status.RUNNING, pid=live.pid)), live=live)
        self.tries = 0

    def _enter(self, view: View) -> PathStat:
        if view.pid:
            self.tries += 1
            if self.tries == 3:  # what its shim tells comes a little later
                self.entry.live = None
            raise Conflict("the container has stopped meanwhile")
        return PathStat("hosts", 3, 0o644, "2024-01-01T00:00:00Z", "")

    def stat(self, view: View, path: str) -> PathStat:
        return self._enter(view)

    def write(self, view: View, path: str, source: int, options: PutOptions, begin: Callable[[], None]) -> None:
        self._enter(view)
        begin()
        assert os.read(source, 10) == b"tar"

    def read(self, view: View, path: str, target: int, begin: Callable[[PathStat], None]) -> PathStat:
        found = self._enter(view)
        begin(found)
        os.write(target, b"tar")
        return found


@pytest.mark.parametrize("call", ["stat", "get", "put"])
def test_a_container_that_ends_just_now_is_read_and_written_all_the_same(call: str) -> None:
    async def main() -> None:
        ending: Any = EndingContainer()
        volumes: Any = Mock(release=AsyncMock())
        archive = Archive(ending, snapshots(), volumes, Mock())
        if call == "stat":
            assert (await archive.stat(ending.entry, "box", "/etc/hosts")).name == "hosts"
        elif call == "put":
            await archive.put(ending.entry, "box", Put("/etc"), lambda descriptor: write(descriptor, b"tar"))
        else:
            async with archive.get(ending.entry, "box", "/etc/hosts") as (found, pieces):
                assert (found.name, [piece async for piece in pieces]) == ("hosts", [b"tar"])
        assert ending.tries == 3

    asyncio.run(main())


def test_what_cannot_be_read_is_told_before_anything_is_answered() -> None:
    class Nothing:
        def read(self, view: View, path: str, target: int, begin: object) -> PathStat:
            raise NotFound(f"no {path}")

    async def main() -> None:
        files: Any = Nothing()
        archive = Archive(files, snapshots(), Mock(release=AsyncMock()), Mock())
        with pytest.raises(NotFound, match="Could not find the file /x in container box"):
            async with archive.get(Entry(container()), "box", "/x"):
                pass

    asyncio.run(main())


def test_who_leaves_before_the_first_piece_leaves_the_worker_its_descriptor() -> None:
    """Closed under its hands, its number might be another file's by the time that it is used."""

    async def main() -> list[str]:
        files: Any = SlowFiles()
        archive = Archive(files, snapshots(), Mock(), Mock())
        client = asyncio.create_task(archive.export(Entry(container())).__aenter__())
        await asyncio.sleep(0.05)
        client.cancel()
        await asyncio.sleep(0.05)
        files.go.set()
        with pytest.raises(asyncio.CancelledError):
            await client
        return list(files.said)

    assert asyncio.run(main()) == ["BrokenPipeError"]


def test_an_export_that_cannot_begin_is_told_before_anything_is_answered() -> None:
    class Nothing:
        def export(self, mounts: object, target: int) -> None:
            raise FileNotFoundError(2, "No such file or directory", "/overlay2")

    async def main() -> None:
        files: Any = Nothing()
        with pytest.raises(FileNotFoundError):
            async with Archive(files, snapshots(), Mock(), Mock()).export(Entry(container())):
                pass

    asyncio.run(main())
