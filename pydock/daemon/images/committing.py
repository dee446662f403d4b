"""Commit: an image out of a container's changes.

Called by the route ``POST /commit``.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydock.builder import changes
from pydock.daemon.events import Events
from pydock.daemon.images import composing, naming
from pydock.daemon.images.composing import EMPTY_LAYER, Note
from pydock.daemon.images.service import Images
from pydock.daemon.images.users import CommitSource, ImageUsers
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import commit, image_config, platforms
from pydock.imagestore import images as store
from pydock.imagestore.layers import Layers


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What a commit is asked for; ``config`` None for the container's own."""

    container: str
    repository: str = ""
    tag: str = ""
    author: str = ""
    comment: str = ""
    pause: bool = True
    changes: Sequence[str] = ()
    config: Mapping[str, Any] | None = None


class Commits:
    """Makes images of containers."""

    def __init__(
        self, catalog: Images, images: store.Images, layers: Layers, events: Events, users: ImageUsers
    ) -> None:
        self._catalog = catalog
        self._images = images
        self._layers = layers
        self._events = events
        self._users = users

    def commit(self, request: CommitRequest) -> str:
        """Make the image and return its ID."""
        name = naming.target(request.repository, request.tag) if request.repository else ""
        if request.config is not None:
            image_config.check_run_config(request.config)
        with self._users.committing(request.container, request.pause) as source:
            config = changes.apply(request.config or source.config, request.changes)
            image = self._make(source, composing.merged(config, source.config), request, name)
        self._catalog.announce("create", image.id)
        if name:
            self._catalog.announce("tag", image.id, naming.familiar(name))
        self._events.publish("container", "commit", source.id, _attributes(source, request, image.id, name))
        return image.id

    def _make(self, source: CommitSource, config: Mapping[str, Any], request: CommitRequest, name: str) -> store.Image:
        parent = self._images.get(source.image_id)
        if source.image_id and parent is None:
            raise NotFound(f"No such image: {source.image_id}")
        here = platforms.host()
        parent_config = self._images.config(parent.id) if parent else {"architecture": here.architecture, "os": here.os}
        chain_id = parent.chain_id if parent else ""
        with self._layers.lease() as lease:
            if chain_id and lease.find(chain_id) is None:
                raise NotFound(f"No such image: {source.image_id}")
            packed = commit.pack(lease, source.upper)
            if packed.diff_id != EMPTY_LAYER:
                lease.add(packed, chain_id)
            created_by = " ".join(source.config.get("Cmd") or ())
            now = time.time_ns()
            encoded = composing.committed(
                parent_config,
                source.id,
                source.config,
                config,
                packed.diff_id,
                Note(request.author, request.comment, created_by),
                now,
            )
            if len(encoded) > image_config.MAX_SIZE:
                raise InvalidParameter("the image's config would be too long")
            names, tagged_at = ((name,), now) if name else ((), 0)
            return self._images.create(encoded, lease, source.image_id, names, tagged_at=tagged_at)


def _attributes(source: CommitSource, request: CommitRequest, image_id: str, name: str) -> dict[str, str]:
    return {
        **(source.config.get("Labels") or {}),
        "comment": request.comment,
        "image": source.config.get("Image") or "",
        "imageID": image_id,
        "imageRef": naming.familiar(name) if name else "",
        "name": source.name,
    }
