"""Commit and import: new images from a container's changes, and from a bare root file system in a tar.

Used by the daemon's image service and the builder.
"""

from collections.abc import Callable
from pathlib import Path

from pydock.imagestore.layers import Lease, Unpacked


def pack(lease: Lease, directory: Path) -> Unpacked:
    """Make a layer of an overlay's upper directory: whiteouts and opaque directories become the tar's; copies files."""
    raise NotImplementedError


def import_tar(lease: Lease, source: int, progress: Callable[[int], None] | None = None) -> Unpacked:
    """Make a layer of a root file system in a tar (compressed or not)."""
    return lease.unpack(source, progress=progress)
