"""Before tests begin, what killed runs have left goes; what a run that goes on has stays."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.runtime.cgroups import Cgroup
from pydock.runtime.cgroups.layout import detect
from pydock.runtime.spec import Resources
from tests import killed_runs
from tests.kernel.groups import move_in
from tests.kernel.places import run


@pytest.fixture
def gone() -> Iterator[str]:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    name = f"pdt{int(ended.stdout)}k"
    run(f"ip link add {name} type bridge")
    run(f"ip link set {name} alias pydock-killed")
    run("nft add table inet pydock-killed")
    yield name
    subprocess.run(["ip", "link", "del", name], capture_output=True)
    subprocess.run(["nft", "delete", "table", "inet", "pydock-killed"], capture_output=True)


@pytest.mark.skipif(bool(os.geteuid()), reason="needs root")
def test_remnants_go(gone: str) -> None:
    own = f"pdt{os.getpid()}k"
    group = Cgroup.at(f"/{gone}/container")
    group.create(Resources())
    run(f"ip link add {own} type bridge")
    with subprocess.Popen(["sleep", "1000"]) as left:
        move_in(group, left.pid)
        killed_runs.sweep()
        assert subprocess.run(["ip", "link", "show", own], capture_output=True).returncode == 0
        assert subprocess.run(["ip", "link", "show", gone], capture_output=True).returncode
        assert subprocess.run(["nft", "list", "table", "inet", "pydock-killed"], capture_output=True).returncode
        assert left.wait(10) == -signal.SIGKILL
    run(f"ip link del {own}")
    assert not any(Path(mountpoint, gone).exists() for mountpoint in detect().mountpoints())


@pytest.mark.skipif(bool(os.geteuid()), reason="needs root")
def test_namespaces_and_tables_go(gone: str) -> None:
    own, spare = f"pdt{os.getpid()}k", "pydock-0000dead"
    for place in (own, gone):
        run(f"ip netns add {place}")
    try:
        run(f"nft add table inet {spare}")
        with subprocess.Popen(["ip", "netns", "exec", gone, "sleep", "1000"]) as left:
            killed_runs.sweep()
            assert left.wait(10) == -signal.SIGKILL
        spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout.split()
        assert own in spaces
        assert gone not in spaces
        assert subprocess.run(["nft", "list", "table", "inet", spare], capture_output=True).returncode
    finally:
        for place in (own, gone):
            subprocess.run(["ip", "netns", "del", place], capture_output=True)
        subprocess.run(["nft", "delete", "table", "inet", spare], capture_output=True)
