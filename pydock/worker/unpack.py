"""The job that unpacks a layer: decompresses, hashes both forms, puts the files down, keeps what else the tar holds.

Called by `Lease.unpack` through a job runner.
"""

import contextlib
import os
import stat
import sys
from typing import Any

from pydock.errors import InvalidParameter
from pydock.worker import confine, inflow, syncing, tar_split
from pydock.worker.calls import Report
from pydock.worker.extraction import Extraction, Rules
from pydock.worker.outflow import send_file, write_all
from pydock.worker.tar_header import Entry
from pydock.worker.tar_reader import TarReader
from pydock.worker.tar_split import SplitWriter

#: how many bytes of the source pass between two reports
_REPORT_EVERY = 1 << 18
#: how long a thread keeps the interpreter while others want it, in seconds: the decoder should not wait for long
_SWITCH = 0.0005


def layer(arguments: dict[str, Any], fds: list[int], report: Report) -> dict[str, Any]:
    """Unpack the tar of descriptor 0 into ``diff`` of the directory of descriptor 1.

    ``expected``: the diff ID it must have, "" for any.  ``progress``: whether to report the source's bytes so far.
    Returns what `imagestore.layers.Unpacked` says, but for the cache ID.
    """
    source, directory = fds
    sys.setswitchinterval(_SWITCH)
    os.umask(0)
    kept = _Kept(directory)
    split_file = os.open(tar_split.FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    diff = os.open("diff", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    confine.enter(diff)
    said = [0]

    def seen(total: int) -> None:
        if total - said[0] >= _REPORT_EVERY:
            said[0] = total
            report(total)

    source_digest = inflow.Digest()
    compression, plain = inflow.decompressed(
        source_digest.tee(inflow.read_chunks(source, seen if arguments["progress"] else None))
    )
    # a plain tar is its own source: hashed once
    diff_digest = inflow.Digest() if compression else source_digest
    chunks = inflow.ahead(diff_digest.tee(plain) if compression else plain)
    split = SplitWriter(lambda data: write_all(split_file, data))
    extraction = Extraction(Rules(whiteouts=True, durable=True), discard=kept.take)
    reader = TarReader(chunks, split.raw)
    for entry in reader:
        placed = extraction.place(entry, reader.content())
        if placed is not None and entry.size:
            _note_content(split, entry, *placed)
    reader.drain()
    extraction.finish()
    split.finish()
    synced = extraction.entries < syncing.FEW and syncing.few(directory)
    source_id = source_digest.finish()
    diff_id = diff_digest.finish() if compression else source_id
    expected = arguments["expected"]
    if expected and diff_id != expected:
        raise InvalidParameter(f"layer has diff ID {diff_id}, not {expected} as its image's config says")
    return {
        "diff_id": diff_id,
        "size": extraction.size,
        "tar_size": diff_digest.size,
        "entries": extraction.entries,
        "source_digest": source_id,
        "source_size": source_digest.size,
        "compression": compression,
        "synced": synced,
    }


def _note_content(split: SplitWriter, entry: Entry, path: bytes, inode: int) -> None:
    name = path.removeprefix(b"/")
    for offset, size in entry.sparse if entry.sparse is not None else ((0, entry.size),):
        split.content(name, inode, offset, size)


class _Kept:
    """Files that a later entry of the same tar replaced: needed again when the tar is written."""

    def __init__(self, directory: int) -> None:
        self._directory = directory
        self._kept = -1

    def take(self, path: bytes, found: os.stat_result) -> bool:
        """Move the file at `path` out of the layer, where the tar can't do without its content."""
        if found.st_size == 0 or not stat.S_ISREG(found.st_mode):
            return False
        if self._kept < 0:
            os.mkdir(tar_split.KEPT, 0o700, dir_fd=self._directory)
            self._kept = os.open(tar_split.KEPT, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._directory)
        name = str(found.st_ino)
        if found.st_nlink == 1:
            os.rename(path, name, dst_dir_fd=self._kept)
            return True
        # the file has another name in the layer: what is kept must not count as one more link to it
        with contextlib.suppress(FileExistsError):
            self._copy(path, name, found.st_size)
        return False

    def _copy(self, path: bytes, name: str, size: int) -> None:
        target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._kept)
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            send_file(target, source, 0, size)
        finally:
            os.close(source)
            os.close(target)
