"""Sandboxes at the daemon's start: what begins anew is not taken for what a dead container left."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

from pydock.daemon.events import Events
from pydock.daemon.networks.attachments import LiveSandbox
from pydock.daemon.networks.files import NetworkFiles
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.networks.settings import ContainerNetwork, Reserved


class Attachments:
    """Notes what is done."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def make(self, container: ContainerNetwork) -> LiveSandbox:
        self.done.append(f"make {container.id}")
        return LiveSandbox(container, "s")

    def settle(self, alive: Sequence[LiveSandbox]) -> None:
        self.done.append(f"settle {[live.container.id for live in alive]}")

    def leads(self, live: LiveSandbox) -> bool:
        return True

    def take_reserved(self, live: LiveSandbox) -> Reserved:
        return Reserved()

    def files_of(self, container: ContainerNetwork) -> NetworkFiles:
        return NetworkFiles("", "", "")


def test_a_start_waits_until_all_is_settled() -> None:
    attachments = Attachments()

    async def work() -> None:
        validation = Mock(check_links=lambda container: None)
        sandboxes = Sandboxes(cast(Any, attachments), cast(Any, None), validation, Events())
        start = asyncio.create_task(sandboxes.start(ContainerNetwork("c", "/c", "none", Path("/"))))
        await asyncio.sleep(0.05)
        await sandboxes.settle()
        await start

    asyncio.run(work())
    assert attachments.done == ["settle []", "make c"]
