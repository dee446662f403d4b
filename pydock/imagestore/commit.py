"""Commit: a layer out of a container's changes.

Used by the daemon's image service and the builder.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from pydock.imagestore.layers import Lease, Unpacked

#: how much may be under way between the worker that reads and the one that writes
_PIPE: Final = 1 << 20


def pack(lease: Lease, directory: Path) -> Unpacked:
    """Make a layer of an overlay's upper directory: whiteouts and opaque directories become the tar's; copies files."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    upper = -1
    try:
        upper = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # beyond the user's limit for pipes the usual 64 KiB must do
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
        job = lease.jobs.start("pydock.worker.pack:upper", {}, [upper, writing])
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
        if upper >= 0:
            os.close(upper)
    with job:
        failure: Exception | None = None
        try:
            unpacked = lease.unpack(reading)
        except Exception as error:
            failure = error
        finally:
            os.close(reading)
        try:
            job.receive()
        except BrokenPipeError:
            pass  # the other worker's failure, which says more
        if failure is not None:
            raise failure
    return unpacked
