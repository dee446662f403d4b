"""What the kernel tests of the image store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.runtime.zygote_process import Zygote
from tests.kernel.imagestore.layer_store import PRELOAD, LayerStore


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One zygote for all tests: its children share nothing."""
    directory = tmp_path_factory.mktemp("zygote")
    zygote = Zygote.spawn(directory, PRELOAD)
    yield zygote
    zygote.close()
    assert (directory / "runtime.log").read_text() == ""


@pytest.fixture
def store(tmp_path: Path, zygote: Zygote) -> Iterator[LayerStore]:
    """An empty store of layers and snapshots."""
    store = LayerStore(tmp_path / "data", zygote.jobs)
    yield store
    store.close()
