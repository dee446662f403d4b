"""Blobs: files named by the digest of their content, written aside, verified, synced and renamed.

Only compressed layers live here, as they were pulled or as they will be pushed; configs and manifests are in the
index.  Used by `layers` and the registry client.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from pydock import durable
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import digest as digests


class Blobs:
    """The directory of blobs under ``<data root>/blobs``."""

    def __init__(self, data_root: Path) -> None:
        self._directory = data_root / "blobs" / "sha256"
        self._incoming = data_root / "blobs" / "incoming"
        for directory in (self._directory, self._incoming):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, digest: str) -> Path:
        """Return where the blob `digest` is, or would be."""
        return self._directory / digests.to_hex(digest)

    def has(self, digest: str) -> bool:
        """Tell whether the blob is here, whole."""
        return self.path(digest).exists()

    def open(self, digest: str) -> int:
        """Return a descriptor to read the blob from; the caller closes it."""
        try:
            return os.open(self.path(digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise NotFound(f"no such blob: {digest}") from error

    def ingest(self, digest: str = "", size: int | None = None) -> "Ingest":
        """Begin to write the blob `digest` of `size` bytes; "" and None where they are not known yet."""
        return Ingest(self._directory, self._incoming, digest, size)

    def remove(self, digest: str) -> None:
        """Delete the blob, if it is here."""
        self.path(digest).unlink(missing_ok=True)

    def sweep(self, keep: set[str]) -> int:
        """Delete what was never finished and every blob that is not in `keep`; return how many.  At start-up only."""
        removed = 0
        for entry in os.scandir(self._incoming):
            os.unlink(entry.path)
            removed += 1
        for entry in os.scandir(self._directory):
            if f"sha256:{entry.name}" not in keep:
                os.unlink(entry.path)
                removed += 1
        return removed


class Ingest:
    """A blob being written.  A context manager: what was not committed by its end is gone.

    A broken download goes on where it stopped: ask the source for the bytes from ``offset`` on, or `restart` where it
    can't send those.
    """

    def __init__(self, directory: Path, incoming: Path, digest: str, size: int | None) -> None:
        self._directory = directory
        self._digest = digests.parse(digest) if digest else ""
        self._size = size
        self._path = incoming / os.urandom(16).hex()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._hash = hashlib.sha256()
        self._adopted = ""
        #: how many bytes are here
        self.offset = 0

    def __enter__(self) -> "Ingest":
        return self

    def __exit__(self, *details: object) -> None:
        self.discard()

    def fileno(self) -> int:
        """Return the descriptor of the file so far; a reader uses os.pread, or a descriptor of its own."""
        return self._fd

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`; raise InvalidParameter as soon as there is more than the declared size."""
        view = memoryview(data)
        if self._size is not None and self.offset + len(view) > self._size:
            raise InvalidParameter(f"blob {self._digest}: longer than the declared {self._size} bytes")
        self._hash.update(view)
        while view:
            try:
                written = os.write(self._fd, view)
            except OSError as error:
                raise OSError(error.errno, error.strerror, os.fspath(self._path)) from error
            self.offset += written
            view = view[written:]

    def restart(self) -> None:
        """Drop what is here and begin anew."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.offset = 0

    def adopt(self, digest: str, size: int) -> None:
        """Take over what a worker has written through the descriptor; it says digest and size."""
        self._adopted = digests.parse(digest)
        self.offset = size

    def verify(self) -> str:
        """Return the digest of what is here; raise InvalidParameter where size or digest are not as declared."""
        actual = self._adopted or f"sha256:{self._hash.hexdigest()}"
        if self._size is not None and self.offset != self._size:
            raise InvalidParameter(f"blob {self._digest}: {self.offset} bytes, {self._size} were declared")
        if self._digest and actual != self._digest:
            raise InvalidParameter(f"blob {self._digest}: the content has digest {actual}")
        return actual

    def commit(self) -> str:
        """Verify, sync and rename; return the digest.  The blob is garbage until the index names it."""
        digest = self.verify()
        os.fsync(self._fd)
        os.rename(self._path, self._directory / digests.to_hex(digest))
        durable.sync_directory(self._directory)
        os.close(self._fd)
        self._fd = -1
        return digest

    def discard(self) -> None:
        """Delete what was written, unless it was committed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
