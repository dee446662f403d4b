"""AppArmor's default profile, ``docker-default``, which Docker loads too: whichever engine comes first has loaded it.

The daemon asks whether it is loaded, and has it loaded by a child of the zygote, since apparmor_parser(8) must be run.
Policy language: apparmor.d(5).  What it takes away is what a container has no business with and what namespaces do not
hide: mounts, the kernel's settings and its memory by /proc and /sys, signals and traces across its border.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from pydock.errors import System

NAME = "docker-default"
PARSER = "/sbin/apparmor_parser"
_POLICIES = "/etc/apparmor.d"
_LOADED = "/sys/kernel/security/apparmor/profiles"
#: how long the parser may take, in seconds
_LIMIT = 60


def is_loaded() -> bool:
    """Whether the kernel has the profile."""
    try:
        with open(_LOADED, encoding="utf-8", errors="replace") as profiles:
            return any(line.startswith(f"{NAME} (") for line in profiles)
    except OSError:
        return False


def load(arguments: dict[str, Any], fds: Sequence[int], report: Callable[[Any], None]) -> None:
    """Job: load the profile; System where the parser refuses it."""
    engine = _own_profile()
    try:
        done = subprocess.run(
            [PARSER, "--skip-cache", "--replace"], input=text(_POLICIES, engine).encode(), capture_output=True,
            cwd="/", timeout=_LIMIT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise System(f"{PARSER}: {error}") from error
    if done.returncode:
        raise System(f"{PARSER}: {done.stderr.decode('utf-8', 'replace').strip()}")


def text(policies: str, engine: str) -> str:
    """The profile, for the host's `policies` and an engine that runs under the profile `engine` ("unconfined")."""
    global_names = "#include <tunables/global>" if os.path.exists(f"{policies}/tunables/global") else "@{PROC}=/proc/"
    base = "#include <abstractions/base>" if os.path.exists(f"{policies}/abstractions/base") else ""
    senders = "\n".join(f"  signal (receive) peer={peer}," for peer in dict.fromkeys(("unconfined", engine)))
    return f"""{global_names}

profile {NAME} flags=(attach_disconnected,mediate_deleted) {{
  {base}
  network,
  capability,
  file,
  umount,

  # from outside only the engine signals; inside everybody may, and may trace
{senders}
  signal (send,receive) peer={NAME},
  ptrace (trace,read,tracedby,readby) peer={NAME},

  deny mount,

  # /proc: processes' own files, and of the settings kernel/shm* alone
  deny @{{PROC}}/* w,
  deny @{{PROC}}/{{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}}/** w,
  deny @{{PROC}}/sys/[^k]** w,
  deny @{{PROC}}/sys/kernel/{{?,??,[^s][^h][^m]**}} w,
  deny @{{PROC}}/sysrq-trigger rwklx,
  deny @{{PROC}}/kcore rwklx,

  # /sys: of what can be written, control groups alone
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}}
"""


def _own_profile() -> str:
    """The profile that this process runs under, without its mode."""
    try:
        with open("/proc/self/attr/current", encoding="utf-8") as file:
            return file.read().partition(" (")[0].strip("\0\n") or "unconfined"
    except OSError:
        return "unconfined"
