"""The host's directories that binds show: made at a start where they are missing and the request lets them be made.

`provisions` calls it.  ``-v`` always lets them be made, ``--mount`` only where it has ``CreateMountpoint``.
"""

import os

from pydock.daemon.containers.record import Container, MountPoint
from pydock.errors import System


def wanted(record: Container) -> list[MountPoint]:
    """The binds whose sources may be made."""
    return [point for point in record.mounts if point.kind == "bind" and point.options.get("CreateMountpoint")]


def make(record: Container) -> None:
    """Make what is missing, as Docker does: root's, for all to enter; System where that cannot be.  Blocks."""
    for point in wanted(record):
        try:
            _make(point.source)
        except NotADirectoryError:
            continue  # something else is in the way: the mount itself says so
        except OSError as error:
            reason = (error.strerror or "failed").lower()
            raise System(
                f"error while creating mount source path '{point.source}': mkdir {error.filename}: {reason}"
            ) from error


def _make(path: str) -> None:
    missing = []
    while not os.path.exists(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        try:
            os.mkdir(directory)
        except FileExistsError:
            if os.path.isdir(directory):
                continue  # another container's start was faster
            raise
        os.chmod(directory, 0o755)  # whatever the umask
