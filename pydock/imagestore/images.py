"""Images: a config whose digest is the image's ID, the layers it names, its manifests and names.

Used by the daemon's image service, the registry client, archives, commit and the builder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydock.imagestore.index import ImageIndex, ManifestRow
from pydock.imagestore.layers import Layers, Lease


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of an image without reading its config again.

    ``created``: text as in the config, "" where it has none.  ``labels`` too.  ``size``: bytes of all layers.
    """

    id: str
    chain_id: str
    diff_ids: tuple[str, ...]
    parent: str
    size: int
    loaded_at: int
    created: str
    os: str
    architecture: str
    variant: str
    labels: Mapping[str, str]


class Images:
    """The images that are here."""

    def __init__(self, index: ImageIndex, layers: Layers) -> None:
        raise NotImplementedError

    def create(
        self,
        config: bytes,
        lease: Lease,
        parent: str = "",
        names: Sequence[str] = (),
        manifests: Sequence[ManifestRow] = (),
    ) -> Image:
        """Enter an image whose layers `lease` holds, all at once and durably.

        `names` (as `Tags`) move to it.  An image that is here already is returned, with the names.
        """
        raise NotImplementedError

    def get(self, image_id: str) -> Image | None:
        """Return the image ``sha256:<hex>``."""
        raise NotImplementedError

    def matching(self, prefix: str) -> list[Image]:
        """Return the images whose hexadecimal ID begins with `prefix`."""
        raise NotImplementedError

    def all(self) -> list[Image]:
        """Return all images, in no order."""
        raise NotImplementedError

    def config(self, image_id: str) -> dict[str, Any]:
        """Return the parsed config of an image; NotFound where it is not here."""
        raise NotImplementedError

    def config_bytes(self, image_id: str) -> bytes:
        """Return the config as it came; its digest is the ID."""
        raise NotImplementedError

    def children(self, image_id: str) -> list[Image]:
        """Return the images whose parent is this one."""
        raise NotImplementedError

    def manifests(self, image_id: str) -> list[ManifestRow]:
        """Return the manifests that the image came or went by."""
        raise NotImplementedError

    def add_manifest(self, row: ManifestRow) -> None:
        """Remember a manifest of an image that is here."""
        raise NotImplementedError

    def remove(self, image_id: str) -> tuple[str, ...]:
        """Delete an image, its names, and the layers that nothing else has; return their diff IDs, topmost first.

        Nobody is asked whether it is in use: that is the caller's to know.
        """
        raise NotImplementedError
