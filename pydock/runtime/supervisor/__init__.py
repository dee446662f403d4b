"""The process that stays as PID 1 under ``--init``: signals go on to the program, orphans are reaped.

A program of one page does it (supervisor.c), run from a sealed memory file so that nothing in the container can
change it; on other machines, or where memory files may not be executed, the forked Python stays and does the same.
"""

import os
from functools import cache
from importlib.resources import files
from typing import NoReturn

from pydock.linux.files import sealed_memory_file
from pydock.runtime.supervisor.in_python import supervise

__all__ = ["become", "load", "program", "supervise"]

#: what `ps` shows for it, as under Docker
NAME = "/sbin/docker-init"


@cache
def program() -> bytes:
    """The program for this machine, b"" where there is none; read before the root is entered."""
    found = files("pydock.runtime.supervisor").joinpath(f"{os.uname().machine}.elf")
    return found.read_bytes() if found.is_file() else b""


def load() -> int:
    """The program as a sealed memory file, -1 where there is none."""
    content = program()
    return sealed_memory_file("docker-init", content, executable=True) if content else -1


def become(descriptor: int, channel: int, path: str, args: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    """Exec the program in memory file `descriptor`, which runs `path` and reports over `channel`; OSError."""
    os.set_inheritable(channel, True)
    try:
        os.execve(descriptor, (NAME, "--", *args), {"PYDOCK_EXEC": f"{channel}:{path}", **environment})
    finally:
        os.set_inheritable(channel, False)
