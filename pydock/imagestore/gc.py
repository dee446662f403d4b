"""Garbage: what no row of the index names, found at start-up; and what an image store takes on disk.

Used by the daemon at start-up and by `system df`.
"""

from collections.abc import Collection
from pathlib import Path

from pydock.imagestore.blobs import Blobs
from pydock.imagestore.images import Images
from pydock.imagestore.layers import Layers
from pydock.imagestore.snapshots import Snapshots


def recover(
    data_root: Path,
    blobs: Blobs,
    layers: Layers,
    images: Images,
    snapshots: Snapshots,
    containers: Collection[str],
) -> None:
    """Delete half layers, unreferenced layers and blobs, and snapshots of containers that are not in `containers`.

    At start-up, before anything else uses the store.
    """
    raise NotImplementedError
