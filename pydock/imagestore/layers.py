"""Layers: each unpacked once under its chain ID, shared by every image and container that has it.

A layer is unpacked aside, its diff ID verified on the way; it enters the index together with the image that brought it
(`Images.create`), in one transaction.  Until then a `Lease` holds it.  Used by the registry client, archives, import,
commit and the builder.

    with layers.lease() as lease:
        layer = lease.find(chain_id) or lease.add(lease.unpack(fd, expected_diff_id), parent)
        ...
        images.create(config, lease, ...)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydock.imagestore.blobs import Blobs
from pydock.imagestore.index import BlobRow, Layer, LayerIndex
from pydock.worker.calls import JobRunner


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A layer unpacked aside: not in the index, deleted with the lease unless it is added to a chain."""

    cache_id: str
    diff_id: str
    size: int
    tar_size: int
    entries: int
    #: digest and size of the bytes as they came in, and what they were compressed by ("" for nothing)
    source_digest: str
    source_size: int
    compression: str


class Layers:
    """The store of unpacked layers under ``<data root>/overlay2``."""

    def __init__(self, data_root: Path, blobs: Blobs, index: LayerIndex, jobs: JobRunner) -> None:
        raise NotImplementedError

    def lease(self) -> "Lease":
        """Return a lease, under which layers are found, unpacked and added without being collected meanwhile."""
        raise NotImplementedError

    def get(self, chain_id: str) -> Layer | None:
        """Return the layer of a chain, where it is in the index."""
        raise NotImplementedError

    def chain(self, chain_id: str) -> tuple[Layer, ...]:
        """Return the layers of a chain, the topmost first; () for ""."""
        raise NotImplementedError

    def diff_path(self, layer: Layer) -> Path:
        """Return the directory that holds what the layer changes."""
        raise NotImplementedError

    def retain(self, chain_id: str) -> None:
        """Count one more user (an image, at start-up) of a chain; nothing for ""."""
        raise NotImplementedError

    def release(self, chain_id: str) -> list[Layer]:
        """Count one user less of a chain, delete the layers that nothing has any more; return them, topmost first."""
        raise NotImplementedError

    def write_tar(self, layer: Layer, target: int, verify: bool = True) -> None:
        """Write the layer's tar to descriptor `target`, byte for byte as it came (its digest is the diff ID)."""
        raise NotImplementedError

    def blob(self, diff_id: str, media_types: Sequence[str] = ()) -> BlobRow | None:
        """Return the compressed form of a layer that is kept, if one is (of these media types)."""
        raise NotImplementedError

    def add_blob(self, row: BlobRow) -> None:
        """Enter a compressed form of a layer that is here; its blob has been ingested."""
        raise NotImplementedError

    def compress(self, layer: Layer) -> BlobRow:
        """Return a gzip form of the layer, made and kept now if there was none."""
        raise NotImplementedError


class Lease:
    """What one operation works with.  A context manager; at its end what no image took is deleted."""

    def __enter__(self) -> "Lease":
        raise NotImplementedError

    def __exit__(self, *details: object) -> None:
        raise NotImplementedError

    def find(self, chain_id: str) -> Layer | None:
        """Return the layer of a chain, from the index or from another operation that goes on now, and hold it."""
        raise NotImplementedError

    def unpack(
        self,
        source: int,
        expected_diff_id: str = "",
        progress: Callable[[int], None] | None = None,
    ) -> Unpacked:
        """Unpack a tar, compressed or not, from descriptor `source` (a file, or a pipe that is still being fed).

        `progress` gets the number of source bytes read so far.  InvalidParameter: it is no sound tar, or not the one
        expected.  Runs in a worker; blocks.  The caller closes `source`.
        """
        raise NotImplementedError

    def add(self, unpacked: Unpacked, parent: str) -> Layer:
        """Put an unpacked layer on chain `parent` ("" for none); return the one that is there already, if one is."""
        raise NotImplementedError

    def keep_blob(self, row: BlobRow) -> None:
        """Keep an ingested blob as the compressed form of a layer; entered with the image."""
        raise NotImplementedError

    def enter(self, chain_id: str, write: Callable[[Sequence[Layer], Sequence[BlobRow]], None]) -> None:
        """Enter a chain together with the image that has it; only `Images.create` calls this.

        Syncs what is new, calls `write` once with the layers of the chain (the lowest first) and the blobs that are not
        in the index yet, then counts one more user of the chain (see `Layers.retain`).
        """
        raise NotImplementedError
