"""What everything takes on disk: ``GET /system/df``.  Called by the system's routes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from pydock.errors import InvalidParameter

KINDS = ("container", "image", "volume", "build-cache")


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Where each part comes from; each in the API's own shape."""

    #: {"LayersSize": ..., "Images": [...]}
    images: Callable[[], Awaitable[dict[str, Any]]]
    containers: Callable[[], Awaitable[list[dict[str, Any]]]]
    volumes: Callable[[], Awaitable[list[dict[str, Any]]]]

    async def report(self, kinds: Collection[str]) -> dict[str, Any]:
        """The answer; `kinds` limits it, empty for all."""
        for kind in kinds:
            if kind not in KINDS:
                raise InvalidParameter(f"unknown object type: {kind}")
        wanted = kinds or KINDS
        answer: dict[str, Any] = {"LayersSize": 0, "Images": None, "Containers": None, "Volumes": None}
        parts: list[Awaitable[None]] = []
        if "image" in wanted:
            parts.append(_put(answer, self.images))
        if "container" in wanted:
            parts.append(_put(answer, self.containers, "Containers"))
        if "volume" in wanted:
            parts.append(_put(answer, self.volumes, "Volumes"))
        await asyncio.gather(*parts)
        answer["BuildCache"] = [] if "build-cache" in wanted else None
        return answer


async def _put(answer: dict[str, Any], part: Callable[[], Awaitable[Any]], key: str = "") -> None:
    value = await part()
    answer.update({key: value} if key else value)
