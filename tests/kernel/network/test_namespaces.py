"""Namespaces made ahead of need."""

import errno
import os
from pathlib import Path

import pytest

from pydock.network import namespaces
from pydock.network.namespaces import Namespaces, Space

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_a_shortage_when_one_was_made_ahead_is_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = namespaces._prepare
    left = [9]

    def short(descriptor: int) -> Space:
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EMFILE, "too many open files")
        return prepare(descriptor)

    monkeypatch.setattr(namespaces, "_prepare", short)
    made = Namespaces()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(OSError, match="too many open files"):
            made.take()
    left[0] = 0
    for _ in range(4):
        space = made.take()
        assert Path(f"/proc/self/fd/{space.descriptor}").exists()
        space.close()
    made.close()
    assert len(os.listdir("/proc/self/fd")) < before
