"""The job that makes a tar of an overlay's upper directory: the layer that `commit` adds.

Called by `imagestore.commit` through a job runner.
"""

import os
from typing import Any

from pydock.worker import confine
from pydock.worker.calls import Report
from pydock.worker.tar_writer import TarWriter
from pydock.worker.tree_tar import TreeTar


def upper(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Write the tar of the directory of descriptor 0 to descriptor 1; whiteouts and opaque marks in AUFS's form."""
    directory, target = fds
    confine.enter(directory)
    writer = TarWriter(target)
    TreeTar(writer, upper=True).below(os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), b"")
    writer.finish()
