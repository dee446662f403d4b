"""What a pydock engine has in the kernel, known by its exec root: its table, its links, its runtime processes."""

import contextlib
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

_LOG = "/runtime.log"


def table(exec_root: str) -> str:
    """The name of its table in the packet filter, which its links bear, too."""
    return f"pydock-{hashlib.sha256(exec_root.encode()).hexdigest()[:8]}"


def links() -> Any:
    """All links of the host, as ip(8) tells of them."""
    return json.loads(subprocess.run(["ip", "-d", "-j", "link"], capture_output=True, check=True).stdout)


def processes() -> dict[int, str]:
    """The exec root of each zygote, shim, resolver and job by its number: their messages go to a log in there."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                log = os.readlink(f"/proc/{name}/fd/2").removesuffix(" (deleted)")
                if log.endswith(_LOG):
                    found[int(name)] = log.removesuffix(_LOG)
    return found


def name_of(pid: int) -> str:
    """What a process is called, "" where it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
