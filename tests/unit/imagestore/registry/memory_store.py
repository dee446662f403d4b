"""An image store whose layers are held in memory, over the real index: enough to pull into and push from."""

import gzip
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import zstandard

from pydock.daemon.state import images as image_tables
from pydock.daemon.state import layers as layer_tables
from pydock.daemon.state.database import Database
from pydock.errors import InvalidParameter
from pydock.imagestore import digest as digests
from pydock.imagestore.blobs import Blobs
from pydock.imagestore.images import Images
from pydock.imagestore.index import BlobRow, Layer
from pydock.imagestore.layers import Layers, Unpacked
from pydock.imagestore.registry.store import Store
from pydock.imagestore.tags import Tags


class MemoryLayers:
    """Layers as tars in memory, with the calls that registries make."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.tars: dict[str, bytes] = {}
        self.layers: dict[str, Layer] = {}
        #: layers that operations have added and no image has taken yet, and how many leases hold each
        self.new: dict[str, Layer] = {}
        self.held: Counter[str] = Counter()
        self.lock = threading.RLock()
        self.forms: dict[str, BlobRow] = {}
        self.unpacking = 0

    def lease(self) -> "MemoryLease":
        return MemoryLease(self)

    def retain(self, chain_id: str) -> None:
        pass

    def release(self, chain_id: str) -> list[Layer]:
        return []

    def get(self, chain_id: str) -> Layer | None:
        return self.layers.get(chain_id)

    def chain(self, chain_id: str) -> tuple[Layer, ...]:
        found = []
        while chain_id:
            found.append(self.layers[chain_id])
            chain_id = found[-1].parent
        return tuple(found)

    def blob(self, diff_id: str, media_types: Sequence[str] = ()) -> BlobRow | None:
        row = self.forms.get(diff_id)
        return row if row is not None and (not media_types or row.media_type in media_types) else None

    def add_blob(self, row: BlobRow) -> None:
        self.forms[row.diff_id] = row

    def compress(self, layer: Layer) -> BlobRow:
        if layer.diff_id not in self.forms:
            with self._blobs.ingest() as ingest:
                ingest.write(gzip.compress(self.tars[layer.diff_id], mtime=0))
                size = ingest.offset
                digest = ingest.commit()
            media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip"
            self.forms[layer.diff_id] = BlobRow(digest, layer.diff_id, media_type, size)
        return self.forms[layer.diff_id]


class MemoryLease:
    """A lease; what no image took is dropped at its end."""

    def __init__(self, store: MemoryLayers) -> None:
        self._store = store
        self._held: set[str] = set()
        self._blobs: list[BlobRow] = []

    def __enter__(self) -> "MemoryLease":
        return self

    def __exit__(self, *details: object) -> None:
        with self._store.lock:
            self._store.held.subtract(self._held)
            for chain in self._held:
                if not self._store.held[chain]:
                    self._store.new.pop(chain, None)

    def find(self, chain_id: str) -> Layer | None:
        with self._store.lock:
            found = self._store.layers.get(chain_id) or self._store.new.get(chain_id)
            if found is not None:
                self._hold(chain_id)
            return found

    def _hold(self, chain_id: str) -> None:
        if chain_id not in self._held:
            self._held.add(chain_id)
            self._store.held[chain_id] += 1

    def unpack(
        self, source: int, expected_diff_id: str = "", progress: Callable[[int], None] | None = None
    ) -> Unpacked:
        self._store.unpacking += 1
        data = b""
        while chunk := os.read(source, 1 << 16):
            data += chunk
            if progress is not None:
                progress(len(data))
        try:
            tar, kind = _plain(data)
        except Exception as error:
            raise InvalidParameter(f"invalid stream: {error}") from error
        if expected_diff_id and digests.of(tar) != expected_diff_id:
            raise InvalidParameter(f"wrong diff id calculated on extraction {digests.of(tar)!r}")
        self._store.tars[digests.of(tar)] = tar
        return Unpacked("cache", digests.of(tar), len(tar), len(tar), 1, digests.of(data), len(data), kind)

    def add(self, unpacked: Unpacked, parent: str) -> Layer:
        chain = digests.chain_id(parent, unpacked.diff_id)
        layer = Layer(chain, parent, unpacked.diff_id, chain[7:33], unpacked.size, unpacked.tar_size)
        with self._store.lock:
            self._hold(chain)
            return self._store.layers.get(chain) or self._store.new.setdefault(chain, layer)

    def keep_blob(self, row: BlobRow) -> None:
        with self._store.lock:
            self._blobs.append(row)

    def enter(self, chain_id: str, write: Callable[[Sequence[Layer], Sequence[BlobRow]], None]) -> None:
        with self._store.lock:
            layers: list[Layer] = []
            at = chain_id
            while at in self._store.new:
                layers.insert(0, self._store.new[at])
                at = self._store.new[at].parent
            write(layers, self._blobs)
            self._store.layers |= {layer.chain_id: layer for layer in layers}
            for layer in layers:
                del self._store.new[layer.chain_id]
            for row in self._blobs:
                self._store.forms[row.diff_id] = row


def _plain(data: bytes) -> tuple[bytes, str]:
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data), "gzip"
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return zstandard.decompress(data), "zstd"
    return data, ""


class MemoryStore:
    """The whole store, in `directory`; close it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = Database(directory / "index.db", (*layer_tables.STEPS, *image_tables.STEPS))
        self.blobs = Blobs(directory)
        self.layers = MemoryLayers(self.blobs)
        index = image_tables.ImageIndex(self.database)
        self.tags = Tags(index)
        self.images = Images(index, cast(Layers, self.layers), self.tags)
        self.store = Store(self.blobs, cast(Layers, self.layers), self.images, self.tags)

    def files(self) -> list[str]:
        """Every blob, finished or not."""
        return sorted(path.name for path in (self.directory / "blobs").rglob("*") if path.is_file())

    def close(self) -> None:
        self.database.close()


class Heard:
    """Takes progress and remembers it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.updates: list[tuple[str, str, int, int]] = []
        self.results: list[dict[str, Any]] = []

    def say(self, text: str, id: str = "") -> None:
        self.lines.append(f"{id}: {text}" if id else text)

    def update(self, id: str, action: str, current: int = 0, total: int = 0) -> None:
        self.updates.append((id, action, current, total))

    def result(self, value: dict[str, object]) -> None:
        self.results.append(value)

    def actions(self, id: str) -> list[str]:
        """What happened to a layer, each thing once."""
        return list(dict.fromkeys(action for name, action, _, _ in self.updates if name == id))
