"""The marks that keep two daemons apart."""

import os
from pathlib import Path

import pytest

from pydock.daemon import roots
from pydock.errors import System


def test_the_pid_file_is_there_while_the_daemon_is(tmp_path: Path) -> None:
    pidfile = tmp_path / "deep/pid"
    with roots.claim(tmp_path / "data", tmp_path / "exec", pidfile):
        assert pidfile.read_text() == str(os.getpid())
    assert not pidfile.exists()


def test_what_is_no_file_is_no_pid_file_and_stays(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    os.mkfifo(pidfile)
    words = f"failed to start daemon: {pidfile}: not a regular file"
    with pytest.raises(System, match=words), roots.claim(tmp_path / "data", tmp_path / "exec", pidfile):
        pass
    assert pidfile.is_fifo()
