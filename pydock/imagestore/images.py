"""Images: a config whose digest is the image's ID, the layers it names, its manifests and names.

What listing and look-up need is in memory, configs are read from the index.  Used by the daemon's image service, the
registry client, archives, commit and the builder.
"""

import bisect
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydock.errors import InvalidParameter, NotFound, PydockError
from pydock.imagestore import digest as digests
from pydock.imagestore import image_config
from pydock.imagestore.index import BlobRow, ImageIndex, ImageRow, Layer, ManifestRow
from pydock.imagestore.layers import Layers, Lease
from pydock.imagestore.tags import Tags

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of an image without reading its config again.

    ``created``: text as in the config, "" where it has none.  ``labels`` too, None where it has none.  ``size``: bytes
    of all layers.
    ``tagged_at``: when somebody here last named it, in nanoseconds since the epoch; 0 where it only came with names.
    """

    id: str
    chain_id: str
    diff_ids: tuple[str, ...]
    parent: str
    size: int
    loaded_at: int
    tagged_at: int
    created: str
    os: str
    architecture: str
    variant: str
    labels: Mapping[str, str] | None


class Images:
    """The images that are here."""

    def __init__(self, index: ImageIndex, layers: Layers, tags: Tags) -> None:
        self._index = index
        self._layers = layers
        self._tags = tags
        self._images: dict[str, Image] = {}
        #: all IDs, sorted, to find one by its first digits; like the sets of children replaced, never changed, so that
        #: both can be read without the lock
        self._ids: list[str] = []
        self._children: dict[str, frozenset[str]] = {}
        self._parsed = lru_cache(maxsize=64)(self._parse)
        for row in map(ImageRow._make, index.images()):
            try:
                image = _sound(row)
                layers.retain(row.chain_id)
            except PydockError as error:
                _log.error("image %s: its record cannot be read: %s", row.id, error.message)
                tags.image_removed(row.id)
                layers.incomplete = True
            else:
                self._put(image)

    def create(
        self,
        config: bytes,
        lease: Lease,
        parent: str = "",
        names: Sequence[str] = (),
        manifests: Sequence[ManifestRow] = (),
        tagged_at: int = 0,
    ) -> Image:
        """Enter an image whose layers `lease` holds, all at once and durably.

        `names` (as `Tags`) move to it; `tagged_at` as in `Image`.  An image that is here already is returned, with the
        names.
        """
        parsed = image_config.parse(config)
        image_id = digests.of(config)
        chains = digests.chain_ids(image_config.diff_ids(parsed))
        size = 0
        for chain in chains:
            layer = lease.find(chain)
            if layer is None:
                raise InvalidParameter(f"image {image_id}: layer {chain} is missing")
            size += layer.size
        row = ImageRow(image_id, config, chains[-1] if chains else "", parent, size, time.time_ns(), tagged_at)
        with self._tags.lock:
            if image_id in self._images:
                return self._add(image_id, names, manifests)
        image = _image(row, parsed)
        ours = True

        def write(layers: Sequence[Layer], blobs: Sequence[BlobRow]) -> None:
            nonlocal ours
            with self._tags.lock:
                self._index.enter_image(row, layers, manifests, names, blobs)
                ours = image_id not in self._images
                if ours:
                    self._put(image)
                self._tags.entered(names, image_id)

        lease.enter(row.chain_id, write)
        if not ours:  # somebody else has entered it since we looked, and counts as the chain's user
            self._layers.release(row.chain_id)
        return image

    def get(self, image_id: str) -> Image | None:
        """Return the image ``sha256:<hex>``."""
        return self._images.get(image_id)

    def matching(self, prefix: str) -> list[Image]:
        """Return the images whose hexadecimal ID begins with `prefix`."""
        wanted = f"sha256:{prefix}"
        ids = self._ids
        found = []
        for image_id in ids[bisect.bisect_left(ids, wanted) :]:
            if not image_id.startswith(wanted):
                break
            image = self._images.get(image_id)
            if image is not None:
                found.append(image)
        return found

    def all(self) -> list[Image]:
        """Return all images, in no order."""
        return list(self._images.values())

    def config(self, image_id: str) -> dict[str, Any]:
        """Return the parsed config of an image; NotFound where it is not here.  It is shared: not to be changed."""
        return self._parsed(image_id)

    def config_bytes(self, image_id: str) -> bytes:
        """Return the config as it came; its digest is the ID."""
        return self._index.config(image_id)

    def children(self, image_id: str) -> list[Image]:
        """Return the images whose parent is this one."""
        children = (self._images.get(child) for child in self._children.get(image_id, ()))
        return [child for child in children if child is not None]

    def manifests(self, image_id: str) -> list[ManifestRow]:
        """Return the manifests that the image came or went by."""
        return [ManifestRow(*row) for row in self._index.manifests(image_id)]

    def tag(self, name: str, image_id: str) -> None:
        """Give `name` (as `Tags`) to an image that is here, because somebody wants it to have that."""
        now = time.time_ns()
        with self._tags.lock:
            self._tags.set(name, image_id, now)
            self._images[image_id] = replace(self._images[image_id], tagged_at=now)

    def add_manifest(self, row: ManifestRow) -> None:
        """Remember a manifest of an image that is here."""
        self._index.add_manifest(row)

    def remove(self, image_id: str) -> tuple[str, ...]:
        """Delete an image, its names, and the layers that nothing else has; return their chain IDs, topmost first.

        Nobody is asked whether it is in use: that is the caller's to know.
        """
        with self._tags.lock:
            image = self._images.get(image_id)
            if image is None:
                raise NotFound(f"No such image: {image_id}")
            self._index.remove_image(image_id)
            del self._images[image_id]
            self._ids = [other for other in self._ids if other != image_id]
            if image.parent:
                self._children[image.parent] -= {image_id}
            self._tags.image_removed(image_id)
        return tuple(layer.chain_id for layer in self._layers.release(image.chain_id))

    def _add(self, image_id: str, names: Sequence[str], manifests: Sequence[ManifestRow]) -> Image:
        """Give an image that is here more names and manifests."""
        for name in names:
            self._tags.set(name, image_id)
        for manifest in manifests:
            self._index.add_manifest(manifest)
        return self._images[image_id]

    def _put(self, image: Image) -> None:
        self._images[image.id] = image
        self._ids = sorted((*self._ids, image.id))
        if image.parent:
            self._children[image.parent] = self._children.get(image.parent, frozenset()) | {image.id}

    def _parse(self, image_id: str) -> dict[str, Any]:
        return image_config.parse(self._index.config(image_id))


def _sound(row: ImageRow) -> Image:
    """The image of a row of the index; InvalidParameter where it is damaged."""
    if digests.of(row.config) != row.id:
        raise InvalidParameter("the config has another digest")
    image = _image(row, image_config.parse(row.config))
    chains = digests.chain_ids(image.diff_ids)
    numbers = (row.size, row.loaded_at, row.tagged_at)
    if row.chain_id != (chains[-1] if chains else "") or not all(isinstance(number, int) for number in numbers):
        raise InvalidParameter("its layers, size or times are none")
    return image


def _image(row: ImageRow, config: Mapping[str, Any]) -> Image:
    return Image(
        id=row.id,
        chain_id=row.chain_id,
        diff_ids=image_config.diff_ids(config),
        parent=row.parent,
        size=row.size,
        loaded_at=row.loaded_at,
        tagged_at=row.tagged_at,
        created=config.get("created") or "",
        os=config.get("os") or "linux",
        architecture=config.get("architecture") or "",
        variant=config.get("variant") or "",
        labels=(config.get("config") or {}).get("Labels"),
    )
