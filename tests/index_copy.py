"""The index of an engine that runs, for the tests to read: the engine has it for itself, so a copy is opened."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the index at `path` as it stands on the disk."""
    files = [path, path.with_name(f"{path.name}-wal")]
    with tempfile.TemporaryDirectory() as directory:
        before = None
        while before != (before := [_state(file) for file in files]):  # nothing was written meanwhile
            for file in filter(os.path.exists, files):
                shutil.copy(file, directory)
        with contextlib.closing(sqlite3.connect(Path(directory, path.name))) as index:
            yield index


def _state(file: Path) -> tuple[int, int]:
    if not file.exists():
        return 0, 0
    found = file.stat()
    return found.st_mtime_ns, found.st_size
