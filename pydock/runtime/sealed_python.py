"""A copy of the interpreter that nobody can write to, to run as the zygote.

A process in a container can reach the program of a process that entered it through /proc/PID/exe and, as root, open
it for writing; with the copy there is nothing to write to.  `zygote_process` and the OCI command line call this.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

from pydock.linux.files import sealed_memory_file

_NAME: Final = "pydock-python"


def open_copy() -> int:
    """A sealed memory file with this process's program; the caller closes it."""
    return sealed_memory_file(_NAME, Path("/proc/self/exe").read_bytes(), executable=True)


def become_copy() -> None:
    """Begin this process again from a sealed copy; returns where it runs from one."""
    if os.readlink("/proc/self/exe") != f"/memfd:{_NAME} (deleted)":
        os.execve(command(open_copy()), [sys.executable, *sys.orig_argv[1:]], environment())


def command(copy: int) -> str:
    """The path by which execve(2) runs the copy; argv[0] must be sys.executable, which Python finds its files by."""
    return f"/proc/self/fd/{copy}"


def environment() -> dict[str, str]:
    """This process's environment, and where libpython lies: a memory file has no $ORIGIN to find it by."""
    values = dict(os.environ)
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        paths = [str(sysconfig.get_config_var("LIBDIR")), values.get("LD_LIBRARY_PATH", "")]
        values["LD_LIBRARY_PATH"] = ":".join(filter(None, paths))
    return values
