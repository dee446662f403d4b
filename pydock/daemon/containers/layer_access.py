"""Who writes to a container's layer: its own life with any number of uploads, or one upload that mounts it itself.

An overlay that is mounted twice to be written breaks the first: the second empties the work directory that both have,
and what an image has can be changed by the first no more.  Kept in the catalog's entry; all on the event loop.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator


class LayerAccess:
    """The turns of one container's layer."""

    __slots__ = ("_alone", "_beside", "_left")

    def __init__(self) -> None:
        self._alone = asyncio.Lock()
        self._beside = 0
        self._left: asyncio.Future[None] | None = None

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """Write by the mount of the container's life, which goes on meanwhile; its next one has to wait."""
        self._beside += 1
        try:
            yield
        finally:
            self._beside -= 1
            if not self._beside and self._left is not None and not self._left.done():
                self._left.set_result(None)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Mount it, when all others have finished."""
        async with self._alone:
            while self._beside:
                self._left = asyncio.get_running_loop().create_future()
                await self._left
            yield
