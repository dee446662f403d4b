"""The job that makes a container's working directory in its writable layer.

Called by `Snapshots` through a job runner, when a container is created.
"""

import os
from typing import Any

from pydock.errors import System
from pydock.linux.inside import make_directories
from pydock.worker import view
from pydock.worker.calls import Report


def make(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Make directory ``path``, and what is missing above it, in the root that ``mounts`` make on ``place``."""
    path: str = arguments["path"]
    root = view.make([view.of(value) for value in arguments["mounts"]], arguments["place"])
    os.umask(0)
    try:
        make_directories(root, path)
    except NotADirectoryError as error:
        raise System(f"Cannot mkdir: {path} is not a directory") from error
