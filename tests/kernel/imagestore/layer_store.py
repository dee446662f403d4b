"""A store of layers and snapshots on a directory of its own, and tars to fill it with."""

import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydock.daemon.state.database import Database
from pydock.daemon.state.layers import STEPS, LayerIndex, SnapshotIndex, insert_blobs, insert_layers
from pydock.imagestore.blobs import Blobs
from pydock.imagestore.index import BlobRow, Layer
from pydock.imagestore.layers import Layers, Lease, Unpacked
from pydock.imagestore.snapshots import Snapshots
from pydock.worker.jobs import Jobs

PRELOAD = [f"pydock.worker.{name}" for name in ("unpack", "assemble", "init_layer", "archive", "pack", "changes")]


class LayerStore:
    """`Layers` and `Snapshots` over a database, with short cuts."""

    def __init__(self, root: Path, jobs: Jobs) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.jobs = jobs
        self.database = Database(root / "pydock.db", STEPS)
        self.blobs = Blobs(root)
        self.layers = Layers(root, self.blobs, LayerIndex(self.database), jobs)
        self.snapshots = Snapshots(root, self.layers, SnapshotIndex(self.database), jobs)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def unpack(self, lease: Lease, data: bytes, expected: str = "") -> Unpacked:
        """Unpack a tar that is in memory."""
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return lease.unpack(file.fileno(), expected)

    def enter(self, lease: Lease, chain_id: str) -> None:
        """Enter a chain as an image would."""

        def write(layers: Sequence[Layer], blobs: Sequence[BlobRow]) -> None:
            self.database.write(lambda connection: _insert(connection, layers, blobs))

        lease.enter(chain_id, write)

    def image(self, *tars: bytes) -> str:
        """Enter an image of these layers, the lowest first; return its chain."""
        chain_id = ""
        with self.layers.lease() as lease:
            for data in tars:
                chain_id = lease.add(self.unpack(lease, data), chain_id).chain_id
            self.enter(lease, chain_id)
        return chain_id

    def diff(self, *tars: bytes) -> Path:
        """Enter an image and return the directory of its topmost layer."""
        return self.layers.diff_path(self.layers.chain(self.image(*tars))[0])

    def directories(self) -> list[str]:
        """What is under ``overlay2``."""
        return sorted(os.listdir(self.root / "overlay2"))

    def tar_of(self, chain_id: str, verify: bool = True) -> bytes:
        """The tar of the topmost layer of a chain, written again."""
        with tempfile.TemporaryFile() as file:
            self.layers.write_tar(self.layers.chain(chain_id)[0], file.fileno(), verify)
            file.seek(0)
            return file.read()


def _insert(connection: sqlite3.Connection, layers: Sequence[Layer], blobs: Sequence[BlobRow]) -> None:
    insert_layers(connection, layers)
    insert_blobs(connection, blobs)


def diff_id(data: bytes) -> str:
    """The digest of a tar."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def member(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """One member of a tar: a file unless ``type`` says otherwise."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mtime = 1_700_000_000
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def directory(name: str, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A directory of a tar."""
    return member(name, type=tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def link(name: str, target: str, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A symbolic link of a tar."""
    return member(name, type=tarfile.SYMTYPE, linkname=target, **fields)


def hard(name: str, target: str, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A hard link of a tar."""
    return member(name, type=tarfile.LNKTYPE, linkname=target, **fields)


def tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT, **options: Any) -> bytes:
    """A tar of these members, in order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format, **options) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def tree(top: Path, see: Callable[[os.stat_result], Any] = lambda found: oct(found.st_mode)) -> dict[str, Any]:
    """What is below a directory: what `see` says of each path."""
    found: dict[str, Any] = {}
    for path in _paths(top):
        found[str(path.relative_to(top))] = see(path.lstat())
    return found


def _paths(top: Path) -> Iterable[Path]:
    for here, directories, files in os.walk(top):
        for name in (*directories, *files):
            yield Path(here, name)
