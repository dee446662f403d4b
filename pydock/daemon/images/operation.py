"""A long piece of blocking work that tells how far it is: pull, push, load, import.

The work runs in a thread and calls `report`; the route iterates over `follow` and writes what comes.  When the route
is cancelled (the client went), the operation is cancelled: whatever it waits for is broken off and it undoes itself.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from pydock.imagestore.registry.cancellation import Cancellation

#: takes one progress message, as the API writes it
Report = Callable[[Mapping[str, Any]], None]
Work = Callable[[Report, Cancellation], None]


async def follow(work: Work) -> AsyncIterator[list[dict[str, Any]]]:
    """Run `work` in a thread and yield its messages as they come, several at a time where they come fast.

    What the work raises before its first message is raised here; later it becomes the last message
    (``{"errorDetail": ..., "error": ...}``), as the status has been sent by then.
    """
    raise NotImplementedError
    yield []
