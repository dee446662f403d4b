"""What runs of the tests that were killed have left in the kernel: it would answer in the place of what is tested now.

A bridge, a control group or a network namespace called ``pdt``, the number of a process and letters belongs to that
process's run; a table of an engine that has neither a link nor a process belongs to nobody.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from pydock.runtime.cgroups import Cgroup
from pydock.runtime.cgroups.layout import detect
from tests import engine_traces

_NAME = re.compile(r"pdt(\d+)[a-z]+")
_TABLE = re.compile(r"pydock-[0-9a-f]{8}")
_NAMESPACES = Path("/run/netns")
#: how long killed processes may take to be gone, in seconds
_PATIENCE = 10.0


def sweep() -> None:
    """End what is left of them and take it away; what a run that goes on has stays."""
    if os.geteuid() or not shutil.which("ip") or not shutil.which("nft"):
        return
    for name in filter(_is_left_over, os.listdir(_NAMESPACES) if _NAMESPACES.is_dir() else ()):
        _end_namespace(name)
    links = {link["ifname"]: str(link.get("ifalias", "")) for link in engine_traces.links()}
    for name in filter(_is_left_over, {*links, *_groups()}):
        owner = links.get(name, "")
        for pid in _daemons(name):  # before those that they would start again
            _kill(pid)
        for pid, exec_root in engine_traces.processes().items():
            if engine_traces.table(exec_root) == owner:
                _kill(pid)
        _end_group(name)
        for link, alias in links.items():
            if link == name or (owner and alias == owner):
                subprocess.run(["ip", "link", "del", link], capture_output=True)
        if owner:
            _delete_table(owner)
    for table in _unowned_tables():
        _delete_table(table)


def _is_left_over(name: str) -> bool:
    match = _NAME.fullmatch(name)
    if not match:
        return False
    with contextlib.suppress(OSError):
        return b"python" not in Path(f"/proc/{match[1]}/cmdline").read_bytes()
    return True


def _unowned_tables() -> set[str]:
    """The tables of engines that have ended: one that lives, and one whose containers do, has processes or links."""
    listed = subprocess.run(["nft", "-j", "list", "tables"], capture_output=True).stdout or b'{"nftables": []}'
    tables = {entry["table"]["name"] for entry in json.loads(listed)["nftables"] if "table" in entry}
    owners = {str(link.get("ifalias", "")) for link in engine_traces.links()}
    owners |= {engine_traces.table(exec_root) for exec_root in engine_traces.processes().values()}
    return {table for table in tables if _TABLE.fullmatch(table)} - owners


def _delete_table(name: str) -> None:
    subprocess.run(["nft", "delete", "table", "inet", name], capture_output=True)


def _end_namespace(name: str) -> None:
    """End who lives in a network namespace; it goes with its links and tables."""
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
    for pid in listed.stdout.split():
        _kill(int(pid))
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _groups() -> Iterator[str]:
    for mountpoint in detect().mountpoints():
        yield from (path.name for path in Path(mountpoint).glob("pdt*"))


def _daemons(bridge: str) -> list[int]:
    """The engines that were told to use a bridge."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if f"\0{bridge}\0".encode() in _read(pid)]


def _end_group(name: str) -> None:
    for mountpoint in detect().mountpoints():
        for path in Path(mountpoint, name).glob("*/"):
            group = Cgroup.at(f"/{name}/{path.name}")
            for pid in group.pids():
                _kill(pid)
            with contextlib.suppress(OSError):
                group.thaw()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:  # until the last process has ended
        with contextlib.suppress(OSError):
            Cgroup.at(f"/{name}").remove()
            return
        time.sleep(0.05)


def _read(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
