"""The images that are here: found by name or ID, listed, looked at, tagged.

Called by the routes (list, inspect, history, tag), by the containers service (`resolve`) and by `system df`.
Every call may come from any thread; none waits for the network.
"""

from collections import Counter
from typing import Any

from pydock.daemon.events import Events
from pydock.daemon.images import inspecting, listing, lookup, naming
from pydock.daemon.images.listing import ListOptions, View
from pydock.daemon.images.users import ImageUsers
from pydock.errors import InvalidParameter
from pydock.imagestore import digest as digests
from pydock.imagestore import images as store
from pydock.imagestore.layers import Layers
from pydock.imagestore.platforms import Platform
from pydock.imagestore.tags import Tags

__all__ = ["Images", "ListOptions"]


class Images:
    """The image store as the API shows it."""

    def __init__(self, images: store.Images, tags: Tags, layers: Layers, events: Events, users: ImageUsers) -> None:
        self._images = images
        self._tags = tags
        self._layers = layers
        self._events = events
        self._users = users

    def resolve(self, reference: str, platform: Platform | None = None) -> store.Image:
        """The image that a name, a digest, an ID or the start of one means; memory only, so safe on the event loop.

        NotFound ("No such image: busybox:latest") where there is none, or none for `platform`.
        """
        image = lookup.find(self._images, self._tags, reference)
        if platform is not None:
            lookup.check_platform(image, reference, platform)
        return image

    def config(self, image_id: str) -> dict[str, Any]:
        """The whole config of an image (``config``, ``history``, ``rootfs`` ...); not to be changed."""
        return self._images.config(image_id)

    def names(self, image_id: str) -> list[str]:
        """The names of an image in their short form, tags first."""
        tags, with_digest = naming.split(self._tags.of(image_id))
        return tags + with_digest

    def select(self, options: ListOptions) -> list[dict[str, Any]]:
        """The images as ``GET /images/json`` shows them, the newest first."""
        return listing.select(self._view(), options)

    def inspect(self, reference: str, platform: Platform | None = None) -> dict[str, Any]:
        """One image as ``GET /images/{name}/json`` shows it."""
        image = self.resolve(reference, platform)
        top = self._layers.get(image.chain_id) if image.chain_id else None
        directory = str(self._layers.diff_path(top).parent) if top else ""
        config = self._images.config(image.id)
        return inspecting.inspect(image, config, self._tags.of(image.id), directory)

    def history(self, reference: str, platform: Platform | None = None) -> list[dict[str, Any]]:
        """The steps that an image was made by, the last first."""
        image = self.resolve(reference, platform)
        return inspecting.history(
            image,
            self._images.config(image.id),
            self._layer_size,
            self._parent,
            lambda image_id: naming.split(self._tags.of(image_id))[0],
        )

    def tag(self, source: str, repository: str, tag: str = "") -> None:
        """Give an image one more name."""
        name = naming.target(repository, tag)
        if naming.parsed(name).familiar_name == "sha256":
            raise InvalidParameter("refusing to create an ambiguous tag using digest algorithm as name")
        image = self.resolve(source)
        self._images.tag(name, image.id)
        self.announce("tag", image.id, naming.familiar(name))

    def announce(self, action: str, image_id: str, name: str = "") -> None:
        """Publish an image event: the image's labels and `name` (its ID, where it has none) are its attributes."""
        image = self._images.get(image_id)
        labels = dict(image.labels or {}) if image else {}
        self._events.publish(
            "image", action, name if action == "pull" else image_id, {**labels, "name": name or image_id}
        )

    def count(self) -> int:
        """How many images there are (``GET /info``)."""
        return len(self._images.all())

    def disk_usage(self) -> dict[str, Any]:
        """``LayersSize`` and ``Images`` (with shared sizes and container counts) for ``GET /system/df``."""
        return listing.disk_usage(self._view(), Counter(use.image_id for use in self._users.image_uses()))

    def layer_sizes(self) -> dict[str, int]:
        """The bytes in each layer that an image has, by its chain ID."""
        chains = {chain for image in self._images.all() for chain in digests.chain_ids(image.diff_ids)}
        return {chain: self._layer_size(chain) for chain in chains}

    def _view(self) -> View:
        return View(
            self._images.all(),
            self._tags.of,
            lambda image_id: bool(self._images.children(image_id)),
            self.resolve,
            self._layer_size,
        )

    def _layer_size(self, chain_id: str) -> int:
        layer = self._layers.get(chain_id)
        return layer.size if layer else 0

    def _parent(self, image_id: str) -> store.Image | None:
        image = self._images.get(image_id)
        return self._images.get(image.parent) if image and image.parent else None
