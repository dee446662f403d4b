"""The compiled filters: what is kept of them must be what was compiled."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers.security_options import Filters
from pydock.errors import StepFailed
from pydock.runtime.launcher import _read_filter
from tests.unit.daemon.containers.made_containers import container


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [_cut, _empty, _fifo])
def test_a_filter_that_was_damaged_is_made_again(damage: Callable[[Path], None], tmp_path: Path) -> None:
    """An empty one would be none."""
    path = Path(Filters(tmp_path, ContainerDefaults()).path(container()))
    program = path.read_bytes()
    damage(path)
    assert Path(Filters(tmp_path, ContainerDefaults()).path(container())).read_bytes() == program


def test_no_container_starts_with_an_empty_filter(tmp_path: Path) -> None:
    (tmp_path / "filter").touch()
    with pytest.raises(StepFailed, match="apply the seccomp filter"):
        _read_filter(str(tmp_path / "filter"))
    assert _read_filter("") == b""
