"""The FILE of `load` and `import`, sent to the engine."""

import os
import stat

from pydock.cli.exits import Exit


def open_archive(path: str) -> int:
    """Open a file to read; Exit where it is a directory, which can be opened but not read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Exit(f"read {path}: is a directory")
    return descriptor
