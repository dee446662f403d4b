"""Entering a directory for good: what a worker does before it touches what others have written.

Called by the functions of this package that run as jobs.  Modules must have been imported before: an image can carry
its own ``encodings/latin_1.py``, and Python would run it.
"""

import os
import sys


def enter(directory: int) -> None:
    """Make the directory of descriptor `directory` the root and the working directory (chroot(2)).

    A process that keeps a descriptor of an outer directory may enter another one later.
    """
    forget_imports()
    os.fchdir(directory)
    os.chroot(".")


def forget_imports() -> None:
    """Leave Python no place to import from."""
    sys.path.clear()
    sys.meta_path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
