"""What is taken out of a container, and the descriptors that it goes through."""

import asyncio
import os
import threading
from typing import Any
from unittest.mock import Mock

import pytest

from pydock.daemon.containers.archive import Archive
from pydock.daemon.containers.catalog import Entry
from tests.unit.daemon.containers.made_containers import container


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


def test_who_leaves_before_the_first_piece_leaves_the_worker_its_descriptor() -> None:
    """Closed under its hands, its number might be another file's by the time that it is used."""

    async def main() -> list[str]:
        files: Any = SlowFiles()
        archive = Archive(files, Mock(), Mock(), Mock())
        asyncio.get_running_loop().call_later(0.05, files.go.set)
        with pytest.raises(ConnectionAbortedError):
            async with archive.export(Entry(container())):
                raise ConnectionAbortedError
        files.go.set()
        while not files.said:
            await asyncio.sleep(0.01)
        return list(files.said)

    assert asyncio.run(main()) == ["BrokenPipeError"]
