"""Snapshots: a container's writable layer over an image's layers, as mounts that others make.

The four verbs are containerd's: prepare, mounts, remove, usage.  Nothing is mounted here.  Between the image and the
writable layer stands a read-only init directory (the mount points for /etc/hosts, /dev/console and so on), made once
for each chain, so that they never show in `diff` or `commit`.  Used by the daemon's container service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydock.imagestore.index import SnapshotIndex, SnapshotRow
from pydock.imagestore.layers import Layers
from pydock.linux.mounts import Mount
from pydock.worker.calls import JobRunner


@dataclass(frozen=True, slots=True)
class Usage:
    """What a snapshot takes: bytes of files (hard links once) and the number of inodes."""

    size: int
    inodes: int


@dataclass(frozen=True, slots=True)
class Directories:
    """Where a snapshot lives, in the words of Docker's ``GraphDriver.Data``; ``lower`` the topmost first."""

    id: str
    lower: tuple[Path, ...]
    upper: Path
    work: Path
    merged: Path


class Snapshots:
    """The writable layers under ``<data root>/overlay2``."""

    def __init__(self, data_root: Path, layers: Layers, index: SnapshotIndex, jobs: JobRunner) -> None:
        raise NotImplementedError

    def prepare(self, key: str, chain_id: str, enter: bool = True) -> tuple[Mount, ...]:
        """Make the writable layer `key` over a chain ("" for none) and return its mounts; Conflict where it exists.

        With ``enter=False`` the row is left to the caller's own transaction: see `row`.
        """
        raise NotImplementedError

    def row(self, key: str) -> SnapshotRow:
        """Return the row of a snapshot just prepared, for `state.layers.insert_snapshot` in a caller's transaction."""
        raise NotImplementedError

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """Return the mounts that make the root file system; NotFound where there is no such snapshot."""
        raise NotImplementedError

    def read_only_mounts(self, chain_id: str) -> tuple[Mount, ...]:
        """Return mounts that show an image's content, read-only (``--mount type=image``)."""
        raise NotImplementedError

    def remove(self, key: str) -> None:
        """Delete the writable layer; nothing happens where there is none."""
        raise NotImplementedError

    def usage(self, key: str) -> Usage:
        """Count what the writable layer holds."""
        raise NotImplementedError

    def directories(self, key: str) -> Directories:
        """Return where the snapshot lives."""
        raise NotImplementedError

    def keys(self) -> Sequence[str]:
        """Return the keys of all snapshots."""
        raise NotImplementedError
