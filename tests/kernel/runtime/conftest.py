"""What the kernel tests of the runtime share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.runtime.cgroups import Cgroup

# with importmode=importlib a test directory is on nobody's path
sys.path.insert(0, os.path.dirname(__file__))

from tests.kernel.runtime.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A root with busybox in it, no control group."""
    return Box(tmp_path)


@pytest.fixture
def grouped(tmp_path: Path) -> Iterator[Box]:
    """The same in a control group of its own."""
    group = f"/pydock-test-{os.getpid()}/{tmp_path.name}"
    yield Box(tmp_path, group=group)
    Cgroup.at(group).remove()
    Cgroup.at(f"/pydock-test-{os.getpid()}").remove()
