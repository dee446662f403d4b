"""Layers: each unpacked once under its chain ID, shared by every image and container that has it.

A layer is unpacked aside, its diff ID verified on the way; it enters the index together with the image that brought it
(`Images.create`), in one transaction.  Until then a `Lease` holds it.  Used by the registry client, archives, import,
commit and the builder.

    with layers.lease() as lease:
        layer = lease.find(chain_id) or lease.add(lease.unpack(fd, expected_diff_id), parent)
        ...
        images.create(config, lease, ...)
"""

import contextlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydock import durable
from pydock.errors import System
from pydock.imagestore import digest as digests
from pydock.imagestore import trees
from pydock.imagestore.blobs import Blobs
from pydock.imagestore.disk_sync import DiskSync
from pydock.imagestore.index import BlobRow, Layer, LayerIndex
from pydock.linux.files import spread_subdirectories
from pydock.worker.calls import JobRunner
from pydock.worker.jobs import JobResult

GZIP_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_log = logging.getLogger(__name__)


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
    #: whether all of it is on the disk
    synced: bool = False


class Layers:
    """The store of unpacked layers under ``<data root>/overlay2``."""

    def __init__(self, data_root: Path, blobs: Blobs, index: LayerIndex, jobs: JobRunner) -> None:
        self._root = data_root / "overlay2"
        self._root.mkdir(parents=True, exist_ok=True, mode=0o710)
        with _opened(self._root) as root, contextlib.suppress(OSError):  # what is not allowed is only slower
            spread_subdirectories(root)
        self._blobs = blobs
        self._index = index
        self._jobs = jobs
        self._disk = DiskSync(self._root)
        self._lock = threading.RLock()
        #: one chain enters the index at a time: two operations may hold the same new layer
        self._entering = threading.Lock()
        #: something in the index cannot be read: what seems to have no use at start-up may have one
        self.incomplete = False
        self._layers = {row[0]: Layer(*row) for row in index.layers() if self._is_sound(Layer(*row))}
        #: chains that operations have added and no image has taken yet
        self._new: set[str] = set()
        #: for those of them that may not be on the disk yet: done when they are
        self._under_way: dict[str, Future[None]] = {}
        #: how many images, layers above, snapshots and leases have a chain
        self._users = Counter(layer.parent for layer in self._layers.values() if layer.parent)
        self._forms: dict[str, list[BlobRow]] = {}
        for blob in index.blobs():
            self._forms.setdefault(blob[1], []).append(BlobRow(*blob))
        #: how many leases keep a blob that is not in the index
        self._kept: Counter[str] = Counter()
        self._watchers: list[Callable[[Sequence[str]], None]] = []

    def lease(self) -> "Lease":
        """Return a lease, under which layers are found, unpacked and added without being collected meanwhile."""
        return Lease(self)

    def get(self, chain_id: str) -> Layer | None:
        """Return the layer of a chain, where it is in the index."""
        with self._lock:
            return None if chain_id in self._new else self._layers.get(chain_id)

    def chain(self, chain_id: str) -> tuple[Layer, ...]:
        """Return the layers of a chain, the topmost first; () for ""."""
        found = []
        with self._lock:
            while chain_id:
                if chain_id not in self._layers:
                    raise System(f"layer {chain_id} is not here")
                found.append(self._layers[chain_id])
                chain_id = found[-1].parent
        return tuple(found)

    def diff_path(self, layer: Layer) -> Path:
        """Return the directory that holds what the layer changes."""
        return self._root / layer.cache_id / "diff"

    def retain(self, chain_id: str) -> None:
        """Count one more user (an image, a snapshot) of a chain; nothing for ""."""
        if chain_id:
            with self._lock:
                self.chain(chain_id)
                self._users[chain_id] += 1

    def release(self, chain_id: str) -> list[Layer]:
        """Count one user less of a chain, delete the layers that nothing has any more; return them, topmost first."""
        if not chain_id:
            return []
        with self._lock:
            self._users[chain_id] -= 1
            gone, blobs = self._collect([chain_id])
        return self._delete(gone, blobs)

    def watch_removals(self, removed: Callable[[Sequence[str]], None]) -> None:
        """Have `removed` told the chains that are deleted, after they have left the index."""
        self._watchers.append(removed)

    def collect(self, others: Collection[str]) -> None:
        """Delete what nothing has: at start-up, when all images and snapshots have been counted.

        `others` are the directories beside the layers that somebody uses.
        """
        if self.incomplete:
            return
        with self._lock:
            gone, blobs = self._collect(list(self._layers))
            orphans = [row for diff_id in set(self._forms) - self._diff_ids() for row in self._forms.pop(diff_id)]
            known = {layer.cache_id for layer in self._layers.values()}.union(others)
            forms = [row for rows in self._forms.values() for row in rows]
        self._delete(gone, blobs + orphans)
        self._blobs.sweep({row.digest for row in forms})
        lost = [row for row in forms if not self._blobs.has(row.digest)]
        if lost:
            self._index.remove_blobs([row.digest for row in lost])
            for row in lost:
                self._forms[row.diff_id].remove(row)
        trees.sweep(entry for entry in self._root.iterdir() if entry.name not in known)

    def write_tar(self, layer: Layer, target: int, verify: bool = True) -> None:
        """Write the layer's tar to descriptor `target`, byte for byte as it came (its digest is the diff ID)."""
        with self._opened(layer) as directory:
            self._jobs.run(
                "pydock.worker.assemble:tar", {"expected": layer.diff_id if verify else ""}, [directory, target]
            )

    def blob(self, diff_id: str, media_types: Sequence[str] = ()) -> BlobRow | None:
        """Return the compressed form of a layer that is kept, if one is (of these media types)."""
        with self._lock:
            rows = self._forms.get(diff_id, ())
            return next((row for row in rows if not media_types or row.media_type in media_types), None)

    def add_blob(self, row: BlobRow) -> None:
        """Enter a compressed form of a layer that is here; its blob has been ingested."""
        self._index.add_blob(row)
        with self._lock:
            self._remember(row)

    def compress(self, layer: Layer) -> BlobRow:
        """Return a gzip form of the layer, made and kept now if there was none."""
        if found := self.blob(layer.diff_id, (GZIP_LAYER,)):
            return found
        with self._opened(layer) as directory, self._blobs.ingest() as ingest:
            made = self._jobs.run(
                "pydock.worker.assemble:gzip", {"expected": layer.diff_id}, [directory, ingest.fileno()]
            ).value
            ingest.adopt(made["digest"], made["size"])
            ingest.commit()
        row = BlobRow(made["digest"], layer.diff_id, GZIP_LAYER, made["size"])
        self.add_blob(row)
        return row

    def _is_sound(self, layer: Layer) -> bool:
        sound = (
            layer.chain_id == digests.chain_id(layer.parent, layer.diff_id)
            and trees.is_name(layer.cache_id)
            and isinstance(layer.size, int)
            and isinstance(layer.tar_size, int)
        )
        if not sound:
            _log.error("layer %s: its record cannot be read", layer.chain_id)
            self.incomplete = True
        return sound

    def _opened(self, layer: Layer) -> contextlib.AbstractContextManager[int]:
        return _opened(self._root / layer.cache_id)

    def _diff_ids(self) -> set[str]:
        return {layer.diff_id for layer in self._layers.values()}

    def _remember(self, row: BlobRow) -> None:
        rows = self._forms.setdefault(row.diff_id, [])
        if all(row.digest != other.digest for other in rows):
            rows.append(row)

    def _collect(self, chain_ids: list[str]) -> tuple[list[Layer], list[BlobRow]]:
        """Take out of memory what has no users of `chain_ids` and below; the caller holds the lock."""
        gone = []
        for first in chain_ids:
            chain_id = first
            while chain_id and chain_id in self._layers and self._users[chain_id] <= 0:
                layer = self._layers.pop(chain_id)
                del self._users[chain_id]
                gone.append(layer)
                chain_id = layer.parent
                if chain_id:
                    self._users[chain_id] -= 1
        blobs: list[BlobRow] = []
        if gone:
            orphaned = {layer.diff_id for layer in gone} - self._diff_ids()
            blobs = [row for diff_id in orphaned for row in self._forms.pop(diff_id, ())]
        return gone, blobs

    def _delete(self, gone: list[Layer], blobs: list[BlobRow]) -> list[Layer]:
        """Delete layers and blobs from the index, then from disk; return those that were in the index."""
        indexed = [layer for layer in gone if layer.chain_id not in self._new]
        if indexed:
            self._index.remove_layers([layer.chain_id for layer in indexed])
            for removed in self._watchers:
                removed([layer.chain_id for layer in indexed])
        if blobs:
            self._index.remove_blobs([row.digest for row in blobs])
        with self._lock:
            self._new -= {layer.chain_id for layer in gone}
            for layer in gone:
                self._under_way.pop(layer.chain_id, None)
        for row in blobs:
            self._blobs.remove(row.digest)
        trees.sweep(self._root / layer.cache_id for layer in gone)
        return indexed


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Lease:
    """What one operation works with.  A context manager; at its end what no image took is deleted."""

    def __init__(self, layers: Layers) -> None:
        self._store = layers
        #: what runs the operation's other workers
        self.jobs = layers._jobs
        self._held: set[str] = set()
        self._aside: set[str] = set()
        #: for the unpacked ones among them that are not on the disk: done when they are
        self._under_way: dict[str, Future[None]] = {}
        self._blobs: dict[str, BlobRow] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, *details: object) -> None:
        store = self._store
        with store._lock:
            for chain_id in self._held:
                store._users[chain_id] -= 1
            gone, blobs = store._collect(list(self._held))
            for row in self._blobs.values():
                store._kept[row.digest] -= 1
                if store._kept[row.digest] <= 0:
                    del store._kept[row.digest]
                    if row not in store._forms.get(row.diff_id, ()):
                        blobs.append(row)
            self._held = set()
        store._delete(gone, blobs)
        trees.sweep(store._root / cache_id for cache_id in self._aside)

    def find(self, chain_id: str) -> Layer | None:
        """Return the layer of a chain, from the index or from another operation that goes on now, and hold it.

        One that somebody has deleted from the disk is none: what brings it again makes it whole (see `add`).
        """
        with self._store._lock:
            layer = self._store._layers.get(chain_id)
            if layer is None or not self._store.diff_path(layer).is_dir():
                return None
            self._hold(chain_id)
        return layer

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
        arguments = {"expected": expected_diff_id, "progress": progress is not None}
        return self.make("pydock.worker.unpack:layer", arguments, [source], progress)

    def make(
        self,
        entry: str,
        arguments: dict[str, Any],
        fds: Sequence[int],
        progress: Callable[[int], None] | None = None,
    ) -> Unpacked:
        """Have the job `entry` make a layer aside; it gets `fds` and the layer's directory, and says what it made."""
        cache_id = os.urandom(32).hex()
        path = self._store._root / cache_id
        with self._lock:
            self._aside.add(cache_id)
        path.mkdir(mode=0o710)
        (path / "diff").mkdir(mode=0o755)
        try:
            with _opened(path) as directory, self._store._jobs.start(entry, arguments, [*fds, directory]) as job:
                while not isinstance(said := job.receive(), JobResult):
                    if progress is not None:
                        progress(said)
        except BaseException:
            trees.sweep([path])
            raise
        unpacked = Unpacked(cache_id=cache_id, **said.value)
        if not unpacked.synced:
            with self._lock:
                self._under_way[cache_id] = self._store._disk.begin()
        return unpacked

    def add(self, unpacked: Unpacked, parent: str) -> Layer:
        """Put an unpacked layer on chain `parent` ("" for none); return the one that is there already, if one is."""
        chain_id = digests.chain_id(parent, unpacked.diff_id)
        store = self._store
        with store._lock:
            if (layer := store._layers.get(chain_id)) is None:
                if parent and parent not in self._held:
                    raise System(f"layer {parent} is not held")
                layer = Layer(chain_id, parent, unpacked.diff_id, unpacked.cache_id, unpacked.size, unpacked.tar_size)
                store._layers[chain_id] = layer
                store._new.add(chain_id)
                if parent:
                    store._users[parent] += 1
                with self._lock:
                    self._aside.discard(unpacked.cache_id)
                    if not unpacked.synced:
                        store._under_way[chain_id] = self._under_way.pop(unpacked.cache_id)
            elif not store.diff_path(layer).is_dir():
                self._restore(layer, unpacked)
            self._hold(chain_id)
        return layer

    def keep_blob(self, row: BlobRow) -> None:
        """Keep an ingested blob as the compressed form of a layer; entered with the image."""
        with self._store._lock:
            if row.digest not in self._blobs:
                self._blobs[row.digest] = row
                self._store._kept[row.digest] += 1

    def enter(self, chain_id: str, write: Callable[[Sequence[Layer], Sequence[BlobRow]], None]) -> None:
        """Enter a chain together with the image that has it; only `Images.create` calls this.

        Waits until what is new is on the disk, calls `write` once with the layers of the chain (the lowest first) and
        the blobs that are not in the index yet, then counts one more user of the chain (see `Layers.retain`).
        """
        store = self._store
        with store._entering:
            with store._lock:
                new = [layer for layer in reversed(store.chain(chain_id)) if layer.chain_id in store._new]
                diff_ids = {layer.diff_id for layer in store.chain(chain_id)}
                blobs = [row for row in self._blobs.values() if row.diff_id in diff_ids]
                under_way = [store._under_way[one.chain_id] for one in new if one.chain_id in store._under_way]
            for future in under_way:
                future.result()
            if len(under_way) < len(new):
                durable.sync_directory(store._root)
            write(new, blobs)
            with store._lock:
                store._new -= {layer.chain_id for layer in new}
                for layer in new:
                    store._under_way.pop(layer.chain_id, None)
                for row in blobs:
                    store._remember(row)
                store.retain(chain_id)

    def _restore(self, layer: Layer, unpacked: Unpacked) -> None:
        """Have a layer whose directory has been deleted be what was unpacked; the caller holds the store's lock."""
        root = self._store._root
        with self._lock:
            under_way = self._under_way.pop(unpacked.cache_id, None)
        if under_way is not None:
            under_way.result()
        trees.remove(root / layer.cache_id)
        os.rename(root / unpacked.cache_id, root / layer.cache_id)
        durable.sync_directory(root)
        with self._lock:
            self._aside.discard(unpacked.cache_id)

    def _hold(self, chain_id: str) -> None:
        """Count this lease among the users of a chain, once; the caller holds the store's lock."""
        if chain_id not in self._held:
            self._held.add(chain_id)
            self._store._users[chain_id] += 1
