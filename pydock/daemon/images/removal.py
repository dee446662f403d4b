"""Removing images: by name, by ID, and all that nothing uses.

Called by the routes ``DELETE /images/{name}`` and ``POST /images/prune``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydock.daemon.events import Events
from pydock.daemon.images.service import Images
from pydock.daemon.images.users import ImageUsers
from pydock.imagestore import images as store
from pydock.imagestore.tags import Tags


class Removal:
    """Takes images away."""

    def __init__(self, catalog: Images, images: store.Images, tags: Tags, events: Events, users: ImageUsers) -> None:
        raise NotImplementedError

    def remove(self, reference: str, force: bool = False, prune: bool = True) -> list[dict[str, str]]:
        """Untag, and delete where that was the last name; returns ``{"Untagged": ...}`` and ``{"Deleted": ...}``."""
        raise NotImplementedError

    def prune(self, filters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Delete what no container uses: ``{"ImagesDeleted": [...], "SpaceReclaimed": bytes}``."""
        raise NotImplementedError
