"""What pull and push tell of their progress, in plain values; the daemon writes it as the API has it.

Used by pull, push and the transfers of single layers.
"""

import time
from typing import Protocol

#: seconds between two reports of one transfer
INTERVAL = 0.1


class Progress(Protocol):
    """Takes the news of an operation; may be called by several threads."""

    def say(self, text: str, id: str = "") -> None:
        """A line of its own: ``Pulling from library/busybox``."""

    def update(self, id: str, action: str, current: int = 0, total: int = 0) -> None:
        """The state of one layer: ``Downloading``, with how many bytes of how many."""

    def result(self, value: dict[str, object]) -> None:
        """What a program wants to know of the outcome (``aux``)."""


class Meter:
    """The progress of one transfer, told every now and then."""

    def __init__(self, progress: Progress, id: str, action: str, total: int) -> None:
        self._progress = progress
        self._id = id
        self._action = action
        self._total = total
        self._next = 0.0

    def at(self, current: int) -> None:
        """The transfer is at `current` bytes."""
        now = time.monotonic()
        if now >= self._next or current >= self._total:
            self._next = now + INTERVAL
            self._progress.update(self._id, self._action, current, self._total)


def short_id(digest: str) -> str:
    """A layer's name in progress messages: the first twelve digits of its digest."""
    return digest.partition(":")[2][:12]
