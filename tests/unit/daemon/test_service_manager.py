"""The service manager hears of the daemon's state, and one that is gone costs nothing."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pydock.daemon.service_manager import notify


def test_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"
    notify("STOPPING=1")
    assert "does not hear STOPPING=1" in caplog.text


def test_what_it_hands_over_must_be_sockets(tmp_path: Path) -> None:
    """In a process of its own: the descriptors' numbers are given."""
    script = (
        "import os, sys; from pydock.daemon.listeners import _inherited;"
        "os.dup2(os.open('/dev/null', os.O_RDONLY), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
        "_inherited('')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode
    assert "System: failed to load listeners: what was handed over is no socket" in done.stderr
