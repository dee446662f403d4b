"""What the kernel tests of volumes share: a zygote, and a volumes service over temporary roots."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from pydock.daemon.events import Event, Events
from pydock.daemon.state.database import Database
from pydock.daemon.volumes.local_driver import LocalDriver
from pydock.daemon.volumes.pins import Pins
from pydock.daemon.volumes.pruning import Pruning
from pydock.daemon.volumes.service import Volumes
from pydock.daemon.wiring.volumes import PRELOAD, STEPS
from pydock.runtime.zygote_process import Zygote

T = TypeVar("T")
Pairs = Iterable[tuple[str, str]]
Play = Callable[[Volumes], Awaitable[T]]


class VolumeStage:
    """A volumes service that is started anew, over the same roots, for each play."""

    def __init__(self, root: Path, zygote: Zygote) -> None:
        self.root = root
        self.driver = LocalDriver(root / "volumes", zygote.jobs)
        self.events: list[Event] = []
        self.pruning: Pruning

    def play(self, scene: "Play[T]", referring: Pairs = (), holding: Pairs = ()) -> T:
        """Start the service, restore it, and run `scene` with it."""
        return asyncio.run(self._play(scene, referring, holding))

    async def _play(self, scene: "Play[T]", referring: Pairs, holding: Pairs) -> T:
        database = Database(self.root / "index.db", STEPS)
        try:
            events = Events()
            heard = events.listen()
            volumes = Volumes(database, events, self.driver, Pins(self.root / "pins"))
            self.pruning = Pruning(volumes, events)
            await volumes.restore(referring, holding)
            try:
                return await scene(volumes)
            finally:
                events.publish("daemon", "end", "")
                async for event in heard:
                    if event.kind == "daemon":
                        break
                    self.events.append(event)
        finally:
            database.close()


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A zygote with the jobs of volumes."""
    process = Zygote.spawn(tmp_path_factory.mktemp("exec"), PRELOAD)
    yield process
    process.close()


@pytest.fixture
def stage(tmp_path: Path, zygote: Zygote) -> VolumeStage:
    """Empty roots."""
    return VolumeStage(tmp_path, zygote)
