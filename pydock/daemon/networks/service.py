"""The networks: created, listed, looked at, removed.

Called by the routes; containers come in through `Sandboxes`.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class Networks:
    """All networks of the engine."""

    async def create(self, request: Mapping[str, Any]) -> tuple[str, str]:
        """Make a network from the wire's create request; returns (id, warning)."""
        raise NotImplementedError

    async def select(self, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """The networks that pass Docker's filters, as the list shows them."""
        raise NotImplementedError

    async def inspect(self, reference: str, verbose: bool = False, scope: str = "") -> dict[str, Any]:
        """One network by name, id or unique id prefix, with the containers on it."""
        raise NotImplementedError

    async def remove(self, reference: str) -> None:
        """Remove a network that no running container is on."""
        raise NotImplementedError

    async def prune(self, filters: Mapping[str, Sequence[str]], in_use: Sequence[str]) -> list[str]:
        """Remove what no container is on; `in_use` names the networks of stopped containers.  Returns names."""
        raise NotImplementedError

    async def restore(self) -> None:
        """At start-up: bring back bridges and rules of every recorded network; before containers are adopted."""
        raise NotImplementedError
