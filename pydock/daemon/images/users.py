"""What the image service asks of the containers, and what it gets.

Implemented by the containers service, joined to the image services by main.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydock.errors import NotFound


@dataclass(frozen=True, slots=True)
class ImageUse:
    """A container that was made from an image."""

    container_id: str
    image_id: str
    running: bool


@dataclass(frozen=True, slots=True)
class CommitSource:
    """A container as `commit` takes it.

    ``config``: its Config as inspect shows it.  ``image_id``: "" where it was made of none.  ``upper``: the directory
    that holds what it changed.  ``name``: without the slash.
    """

    id: str
    name: str
    image_id: str
    config: Mapping[str, Any]
    upper: Path


class ImageUsers(Protocol):
    """The containers, as far as images care; every call may come from any thread."""

    def image_uses(self) -> Sequence[ImageUse]:
        """Every container with the image that it was made from."""

    def committing(self, reference: str, pause: bool) -> AbstractContextManager[CommitSource]:
        """Hold a container (paused, where it runs and `pause` says so) while it is committed."""


class LateUsers:
    """Users of images that come to be after the image services: main joins them when all is built."""

    def __init__(self) -> None:
        self._users: ImageUsers | None = None

    def join(self, users: ImageUsers) -> None:
        """Ask `users` from now on."""
        self._users = users

    def image_uses(self) -> Sequence[ImageUse]:
        """See `ImageUsers.image_uses`."""
        return self._users.image_uses() if self._users else ()

    def committing(self, reference: str, pause: bool) -> AbstractContextManager[CommitSource]:
        """See `ImageUsers.committing`."""
        if self._users is None:
            raise NotFound(f"No such container: {reference}")
        return self._users.committing(reference, pause)
