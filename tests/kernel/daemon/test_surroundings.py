"""A daemon that was started where things are not as usual."""

import os
from pathlib import Path

import pytest

from tests.kernel.daemon.daemon_process import Daemon


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
