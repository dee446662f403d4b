"""What the kernel tests of the daemon share: one daemon for those that leave it alive, one each for the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.daemon.daemon_process import Daemon


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that all tests of the session share."""
    with Daemon(tmp_path_factory.mktemp("shared"), "a") as daemon:
        yield daemon


@pytest.fixture
def engine(shared: Daemon) -> Iterator[Daemon]:
    """The shared daemon, swept after the test."""
    yield shared
    shared.sweep()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of the test's own, to be killed and started again."""
    with Daemon(tmp_path, "b") as daemon:
        yield daemon
