"""The endpoints of a container's life, apart from the services that they call."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from pydock.daemon.containers.waiters import Condition, Outcome, Waiters
from pydock.daemon.http.query import Query
from pydock.daemon.routes.container_life import ContainerLife


def request(query: str = "", stream: Any = None) -> Any:
    """A request on the container ``box``."""
    return SimpleNamespace(query=Query(query), params={"id": "box"}, stream=stream, version=(1, 50))


def test_a_wait_whose_client_is_gone_before_its_answer_begins_leaves_nothing() -> None:
    async def main() -> "asyncio.Future[Outcome]":
        waiters = Waiters()
        future = waiters.for_exit("box")

        def wait(entry: Any, condition: Condition) -> "asyncio.Future[Outcome]":
            return future

        def stream() -> Any:
            raise ConnectionAbortedError("the client went away")

        services: Any = SimpleNamespace(find=lambda reference: None, wait=wait)
        with pytest.raises(ConnectionAbortedError):
            await ContainerLife(services, services).wait(request(stream=stream))
        return future

    assert asyncio.run(main()).cancelled()
