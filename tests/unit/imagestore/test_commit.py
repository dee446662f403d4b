"""A commit that cannot begin."""

import errno
import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from pydock.imagestore import commit


@pytest.mark.parametrize("missing", ["a pipe", "a directory", "a job"])
def test_a_commit_that_cannot_begin_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    lease: Any = Mock()
    lease.jobs.start.side_effect = shortage = OSError(errno.EMFILE, "Too many open files")
    before = set(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch, pytest.raises(OSError, match=r"Too many|No such"):
        if missing == "a pipe":
            patch.setattr(os, "pipe2", Mock(side_effect=shortage))
        commit.pack(lease, tmp_path / "absent" if missing == "a directory" else tmp_path)
    assert set(os.listdir("/proc/self/fd")) == before
