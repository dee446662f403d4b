"""What the image store asks of its index, in tuples of plain values.

`pydock.daemon.state.{layers,images}` have the one in SQLite; each call there is one transaction, durable when it
returns.  Rows are tuples so that the index need not know the store's classes; the store's `NamedTuple`s have the
same columns in the same order.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class Layer(NamedTuple):
    """An unpacked layer.

    ``parent`` is the chain ID below, "" for none.  ``cache_id`` is its directory under ``overlay2``.  ``size``: bytes
    of files and link targets, hard links once.  ``tar_size``: bytes of the uncompressed tar, whose digest is
    ``diff_id``.
    """

    chain_id: str
    parent: str
    diff_id: str
    cache_id: str
    size: int
    tar_size: int


class ImageRow(NamedTuple):
    """An image: its ID is the digest of ``config``, whose bytes are kept as they came.

    ``chain_id`` is its topmost layer, "" for none; ``parent`` the image it was made from here, "" for none;
    ``size`` the sum of its layers' sizes; ``loaded_at`` nanoseconds since the epoch, ``tagged_at`` too: when somebody
    here gave it a name, 0 for never.
    """

    id: str
    config: bytes
    chain_id: str
    parent: str
    size: int
    loaded_at: int
    tagged_at: int


class ManifestRow(NamedTuple):
    """A manifest, or a list of them, that ``image_id`` was pulled or pushed by; ``content`` as it came."""

    digest: str
    media_type: str
    content: bytes
    image_id: str


class BlobRow(NamedTuple):
    """The compressed form of a layer that is kept in ``blobs/sha256``."""

    digest: str
    diff_id: str
    media_type: str
    size: int


class SnapshotRow(NamedTuple):
    """A container's writable layer over chain ``chain_id`` ("" for an image without layers).

    ``init_id`` is the read-only directory between it and the image (see `snapshots`).
    """

    key: str
    cache_id: str
    chain_id: str
    init_id: str


class InitRow(NamedTuple):
    """The directory that stands between an image's layers and its containers' writable ones."""

    chain_id: str
    cache_id: str


class LayerIndex(Protocol):
    """The index of layers, of their compressed forms and of snapshots."""

    def layers(self) -> Iterable[tuple[str, str, str, str, int, int]]:
        """All layers (`Layer`)."""

    def remove_layers(self, chain_ids: Sequence[str]) -> None:
        """Forget layers."""

    def blobs(self) -> Iterable[tuple[str, str, str, int]]:
        """All compressed layers (`BlobRow`)."""

    def add_blob(self, row: tuple[str, str, str, int]) -> None:
        """Enter a compressed layer."""

    def remove_blobs(self, digests: Sequence[str]) -> None:
        """Forget compressed layers."""


class SnapshotIndex(Protocol):
    """The index of containers' writable layers."""

    def snapshots(self) -> Iterable[tuple[str, str, str, str]]:
        """All snapshots (`SnapshotRow`)."""

    def add_snapshot(self, row: tuple[str, str, str, str]) -> None:
        """Enter a snapshot; Conflict where the key has one."""

    def remove_snapshot(self, key: str) -> None:
        """Forget a snapshot."""

    def inits(self) -> Iterable[tuple[str, str]]:
        """All `InitRow`s."""

    def add_init(self, row: tuple[str, str]) -> None:
        """Enter an init directory."""

    def remove_inits(self, chain_ids: Sequence[str]) -> None:
        """Forget init directories."""


class ImageIndex(Protocol):
    """The index of images, their manifests and their names."""

    def images(self) -> Iterable[tuple[str, bytes, str, str, int, int, int]]:
        """All images (`ImageRow`)."""

    def config(self, image_id: str) -> bytes:
        """The config of an image, as it came; NotFound where there is no such image."""

    def enter_image(
        self,
        image: tuple[str, bytes, str, str, int, int, int],
        layers: Sequence[tuple[str, str, str, str, int, int]],
        manifests: Sequence[tuple[str, str, bytes, str]],
        names: Sequence[str],
        blobs: Sequence[tuple[str, str, str, int]],
    ) -> None:
        """Enter an image, what is new of its layers and blobs, its manifests, its names (taken from who had them)."""

    def remove_image(self, image_id: str) -> None:
        """Forget an image, its manifests and its names."""

    def manifests(self, image_id: str) -> Sequence[tuple[str, str, bytes, str]]:
        """The manifests of an image (`ManifestRow`)."""

    def add_manifest(self, row: tuple[str, str, bytes, str]) -> None:
        """Enter a manifest of an image that is here."""

    def names(self) -> Iterable[tuple[str, str]]:
        """All (name, image ID)."""

    def set_name(self, name: str, image_id: str, tagged_at: int = 0) -> None:
        """Give `name` to an image; taken from the one that had it.  ``tagged_at`` 0 leaves that moment as it is."""

    def remove_names(self, names: Sequence[str]) -> None:
        """Forget names."""
