"""Snapshots: a container's writable layer over an image's layers, as mounts that others make.

The four verbs are containerd's: prepare, mounts, remove, usage.  Nothing is mounted here.  Between the image and the
writable layer stands a read-only init directory (the mount points for /etc/hosts, /dev/console and so on), made once
for each chain, so that they never show in `diff` or `commit`.  Used by the daemon's container service.
"""

import contextlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydock.errors import Conflict, NotFound, System
from pydock.imagestore import trees
from pydock.imagestore.index import InitRow, SnapshotIndex, SnapshotRow
from pydock.imagestore.layers import Layers
from pydock.imagestore.overlay_lookup import Found, look_up
from pydock.imagestore.trees import Usage
from pydock.linux.mounts import Mount
from pydock.worker import view
from pydock.worker.calls import JobRunner

#: the upper directory must hold all that was changed, in the form that `diff` and `commit` read, whatever the kernel's
#: defaults; and nothing that an image says may lead a look-up elsewhere
_OPTIONS: Final = ("index=off", "metacopy=off", "redirect_dir=nofollow")

_log = logging.getLogger(__name__)


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
        self._root = data_root / "overlay2"
        #: the lowest directory of what has one layer or none: an overlay without a writable one must have two
        self._empty = data_root / "empty"
        self._empty.mkdir(exist_ok=True, mode=0o755)
        self._layers = layers
        self._index = index
        self._jobs = jobs
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._rows: dict[str, SnapshotRow] = {}
        self._inits: dict[str, InitRow] = {}
        #: how many read a writable layer, by its directory
        self._readers: Counter[str] = Counter()
        self._read()
        layers.watch_removals(self._forget_inits)

    def _read(self) -> None:
        for init in map(InitRow._make, self._index.inits()):
            if trees.is_name(init.cache_id):
                self._inits[init.chain_id] = init
        for row in map(SnapshotRow._make, self._index.snapshots()):
            try:
                if not trees.is_name(row.cache_id) or not trees.is_name(row.init_id):
                    raise System("a directory is none")
                self._layers.retain(row.chain_id)
            except System as error:
                _log.error("file system of container %s: its record cannot be read: %s", row.key, error.message)
                self._layers.incomplete = True
            else:
                self._rows[row.key] = row

    def prepare(self, key: str, chain_id: str, enter: bool = True) -> tuple[Mount, ...]:
        """Make the writable layer `key` over a chain ("" for none) and return its mounts; Conflict where it exists.

        With ``enter=False`` the row is left to the caller's own transaction: see `row`.
        """
        self._layers.retain(chain_id)
        try:
            row = SnapshotRow(key, os.urandom(32).hex(), chain_id, self._init(chain_id).cache_id)
            with self._lock:
                if key in self._rows:
                    raise Conflict(f"snapshot {key} exists")
                self._rows[key] = row
        except BaseException:
            self._layers.release(chain_id)
            raise
        try:
            self._make_directories(row.cache_id)
            if enter:
                self._index.add_snapshot(row)
        except BaseException:
            self._drop(row)
            raise
        return self._mounts(row)

    def row(self, key: str) -> SnapshotRow:
        """Return the row of a snapshot just prepared, for `state.layers.insert_snapshot` in a caller's transaction."""
        row = self._rows.get(key)
        if row is None:
            raise NotFound(f"no such snapshot: {key}")
        return row

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """Return the mounts that make the root file system; NotFound where there is no such snapshot."""
        row = self.row(key)
        self._restore_init(row.init_id, row.chain_id)
        return self._mounts(row)

    def read_only_mounts(self, chain_id: str) -> tuple[Mount, ...]:
        """Return mounts that show an image's content, read-only (``--mount type=image``)."""
        lower = self._lower(chain_id)
        lower += (str(self._empty),) * (2 - len(lower))
        if not chain_id:
            return (Mount("bind", str(self._empty), "/", ("bind", "ro")),)
        return (Mount("overlay", "overlay", "/", ("ro", *_OPTIONS), lower),)

    def remove(self, key: str, enter: bool = True) -> None:
        """Delete the writable layer; nothing happens where there is none.

        With ``enter=False`` the caller's own transaction has deleted the row (`state.layers.delete_snapshot`).
        """
        row = self._rows.get(key)
        if row is None:
            return
        if enter:
            self._index.remove_snapshot(key)
        self._drop(row)

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[Path]:
        """Yield the directory that holds what was changed; it stays for the block, though the snapshot be removed."""
        with self._lock:
            row = self.row(key)
            self._readers[row.cache_id] += 1
        try:
            yield self._root / row.cache_id / "diff"
        finally:
            with self._lock:
                self._readers[row.cache_id] -= 1
                unread = not self._readers[row.cache_id]
                if unread:
                    del self._readers[row.cache_id]
                removed = unread and self._rows.get(key) is not row
            if removed:
                self._delete(row)

    def usage(self, key: str) -> Usage:
        """Count what the writable layer holds."""
        return trees.usage(self._root / self.row(key).cache_id / "diff")

    def directories(self, key: str) -> Directories:
        """Return where the snapshot lives."""
        row = self.row(key)
        base = self._root / row.cache_id
        lower = tuple(Path(path) for path in (self._init_path(row), *self._lower(row.chain_id)))
        return Directories(row.cache_id, lower, base / "diff", base / "work", base / "merged")

    def lacks(self, key: str, path: str) -> bool:
        """Whether there surely is nothing at `path`, which is absolute and clean."""
        return self._look_up(key, path) is Found.NOTHING

    def make_directory(self, key: str, path: str) -> None:
        """Make directory `path` (absolute and clean) where it is missing; System where something else is there."""
        if self._look_up(key, path) is Found.DIRECTORY:
            return
        mounts = [view.wire(mount) for mount in self.mounts(key)]
        place = str(self.directories(key).upper)
        self._jobs.run("pydock.worker.directory:make", {"path": path, "mounts": mounts, "place": place})

    def _look_up(self, key: str, path: str) -> Found:
        found = self.directories(key)
        return look_up([str(found.upper), *map(str, found.lower)], path)

    def keys(self) -> Sequence[str]:
        """Return the keys of all snapshots."""
        return list(self._rows)

    def cache_ids(self) -> set[str]:
        """Return the names of the directories that snapshots have under ``overlay2``."""
        with self._lock:
            kept = {row.cache_id for row in self._inits.values()}
            return kept.union(*((row.cache_id, row.init_id) for row in self._rows.values()))

    def _mounts(self, row: SnapshotRow) -> tuple[Mount, ...]:
        base = self._root / row.cache_id
        options = (*_OPTIONS, f"upperdir={base}/diff", f"workdir={base}/work")
        return (Mount("overlay", "overlay", "/", options, (self._init_path(row), *self._lower(row.chain_id))),)

    def _lower(self, chain_id: str) -> tuple[str, ...]:
        return tuple(str(self._layers.diff_path(layer)) for layer in self._layers.chain(chain_id))

    def _init_path(self, row: SnapshotRow) -> str:
        return f"{self._root}/{row.init_id}/diff"

    def _make_directories(self, cache_id: str) -> None:
        base = f"{self._root}/{cache_id}"
        os.mkdir(base, 0o710)
        os.mkdir(f"{base}/diff", 0o755)
        os.mkdir(f"{base}/work", 0o700)

    def _init(self, chain_id: str) -> InitRow:
        """Return the init directory of a chain, made now if it has none; the caller has retained the chain."""
        found = self._inits.get(chain_id)
        if found is None:
            with self._making:
                found = self._inits.get(chain_id)
                if found is None:
                    return self._new_init(chain_id)
        self._restore_init(found.cache_id, chain_id)
        return found

    def _new_init(self, chain_id: str) -> InitRow:
        row = InitRow(chain_id, os.urandom(32).hex())
        self._make_init(row.cache_id, chain_id)
        try:
            self._index.add_init(row)
        except BaseException:
            trees.remove(self._root / row.cache_id)
            raise
        with self._lock:
            self._inits[chain_id] = row
        return row

    def _restore_init(self, cache_id: str, chain_id: str) -> None:
        """Make an init directory again that somebody has deleted: all containers of the image stand on it."""
        directory = f"{self._root}/{cache_id}/diff"
        if not os.path.isdir(directory):
            with self._making:
                if not os.path.isdir(directory):
                    trees.remove(self._root / cache_id)
                    self._make_init(cache_id, chain_id)

    def _make_init(self, cache_id: str, chain_id: str) -> None:
        base = self._root / cache_id
        try:
            self._make_directories(cache_id)
            self._fill(base, chain_id)
            trees.remove(base / "work")
        except BaseException:
            trees.remove(base)
            raise

    def _fill(self, base: Path, chain_id: str) -> None:
        lower = self._lower(chain_id)
        options = (*_OPTIONS, f"upperdir={base}/diff", f"workdir={base}/work")
        mounts = [view.wire(Mount("overlay", "overlay", "/", options, lower))] if lower else []
        self._jobs.run("pydock.worker.init_layer:make", {"upper": str(base / "diff"), "mounts": mounts})

    def _drop(self, row: SnapshotRow) -> None:
        with self._lock:
            if self._rows.pop(row.key, None) is None or row.cache_id in self._readers:
                return
        self._delete(row)

    def _delete(self, row: SnapshotRow) -> None:
        try:
            trees.remove(self._root / row.cache_id)
        finally:
            self._layers.release(row.chain_id)

    def _forget_inits(self, chain_ids: Sequence[str]) -> None:
        """Delete the init directories of chains that are no more."""
        with self._lock:
            gone = [row for chain_id in chain_ids if (row := self._inits.pop(chain_id, None))]
        if gone:
            self._index.remove_inits([row.chain_id for row in gone])
        trees.sweep(self._root / row.cache_id for row in gone)
