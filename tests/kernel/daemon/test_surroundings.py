"""A daemon that was started where things are not as usual."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.daemon.daemon_process import Daemon, eventually


@pytest.mark.parametrize("mask", [0o077, 0])
def test_the_umask_that_the_daemon_was_started_with_is_nobody_s_affair(tmp_path: Path, mask: int) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(mask)
    try:
        with Daemon(tmp_path, "d") as engine:
            os.umask(before)
            script = "stat -c %a:%n / /etc /v /w /etc/hosts /etc/resolv.conf /etc/hostname; cat /etc/hosts >/dev/null"
            ended = engine.run("sh", "-c", script, User="1000", WorkingDir="/w", host={"Binds": ["data:/v"]})
            assert engine.wait(ended) == 0
            assert engine.logs(ended).decode().split() == [
                "755:/", "755:/etc", "755:/v", "755:/w", "644:/etc/hosts", "644:/etc/resolv.conf", "644:/etc/hostname",
            ]  # fmt: skip
    finally:
        os.umask(before)


def test_roots_may_have_long_and_strange_names(tmp_path: Path) -> None:
    """Longer than a socket's address, with what separates the options of mounts."""
    root = tmp_path / "a b,c:d=é" / ("x" * 40)
    root.mkdir(parents=True)
    engine = Daemon(root, "e", "--default-address-pool", "base=198.19.240.0/21,size=26")
    engine.socket = str(tmp_path / "s")
    with engine:
        engine.ok("POST", "/networks/create", {"Name": "net"})
        script = "set -e; nslookup $(hostname) >/dev/null; echo from inside > /v/file; cat /v/file"
        ended = engine.run("sh", "-c", script, host={"NetworkMode": "net", "Binds": ["data:/v"]})
        assert engine.wait(ended) == 0
        assert engine.logs(ended) == b"from inside\n"
        patient = engine.run("sleep", "1000", host={"NetworkMode": "net"})
        engine.restart()
        code, output = engine.execute(patient, "sh", "-c", "nslookup $(hostname) >/dev/null && echo known")
        assert (code, output) == (0, b"known\n")
        for identity in (ended, patient):
            engine.ok("DELETE", f"/containers/{identity}?force=1&v=1")
        engine.ok("DELETE", "/networks/net")


def test_a_daemon_without_standard_streams_gives_their_numbers_to_nobody(tmp_path: Path) -> None:
    command = (
        f"exec {sys.executable} -m pydock.daemon.main --data-root {tmp_path}/data --exec-root {tmp_path}/exec "
        f"--pidfile {tmp_path}/pid -H unix://{tmp_path}/s --bridge none <&- >&- 2>&-"
    )
    daemon = subprocess.Popen(["sh", "-c", command])
    try:
        eventually((tmp_path / "s").exists)
        assert [os.readlink(f"/proc/{daemon.pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0


def test_what_is_no_container_among_bundles_keeps_nobody_from_starting(mortal: Daemon) -> None:
    stray = mortal.root / "exec/containers/stray"
    mortal.restart(stray.touch)
    assert not stray.exists()
