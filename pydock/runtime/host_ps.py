"""Runs the host's ps(1) for ``top``, in a child of the zygote, so that the daemon need not fork."""

import errno
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from pydock.errors import System

#: how long ps may take, in seconds
_LIMIT = 20


def ps(arguments: dict[str, Any], fds: Sequence[int], report: Callable[[Any], None]) -> str:
    """Job: run ps with ``words``, and where that is refused with ``otherwise``; returns its output."""
    said = ""
    for words in (arguments["words"], arguments["otherwise"]):
        try:
            done = subprocess.run(
                ["ps", *words],
                capture_output=True, stdin=subprocess.DEVNULL, cwd="/", timeout=_LIMIT,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except FileNotFoundError:
            raise System('exec: "ps": executable file not found in $PATH') from None
        except OSError as error:
            if error.errno != errno.E2BIG:
                raise
            said = "argument list too long"  # so many processes: execve(2) takes 128 KiB in one argument
            continue
        except subprocess.TimeoutExpired:
            raise System("ps does not end") from None
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace")
        said = (
            done.stderr.decode("utf-8", "replace").strip().splitlines()[:1][0] if done.stderr.strip() else "ps failed"
        )
    raise System(f"ps: {said}")
