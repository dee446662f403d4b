"""Garbage: what no row of the index names, found at start-up.

Used by the daemon before anything else uses the store.
"""

import logging
from collections.abc import Collection
from pathlib import Path

from pydock.imagestore import trees
from pydock.imagestore.layers import Layers
from pydock.imagestore.snapshots import Snapshots

_log = logging.getLogger(__name__)


def recover(data_root: Path, layers: Layers, snapshots: Snapshots, containers: Collection[str]) -> None:
    """Delete half layers, unreferenced layers and blobs, and snapshots of containers that are not in `containers`.

    The store's images have been read by now, so that `layers` knows which chains they have.  Nothing is left mounted by
    a crash: mounts are made in namespaces that end with their processes.
    """
    for key in set(snapshots.keys()) - set(containers):
        try:
            snapshots.remove(key)
        except OSError as error:  # it has left the index: its directory is swept as any other, if it can be
            _log.error("file system of container %s: cannot be deleted: %s", key, (error.strerror or "").lower())
    layers.collect(snapshots.cache_ids())
    temporary = data_root / "tmp"
    if temporary.is_dir():
        trees.sweep(temporary.iterdir())
