"""What the kernel tests of the image services share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.daemon.wiring.images import PRELOAD
from pydock.runtime.zygote_process import Zygote
from tests.kernel.daemon_images.image_engine import ImageEngine


@pytest.fixture(scope="session")
def image_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A zygote with the jobs of images."""
    process = Zygote.spawn(tmp_path_factory.mktemp("exec"), PRELOAD)
    yield process
    process.close()


@pytest.fixture
def engine(tmp_path: Path, image_zygote: Zygote) -> Iterator[ImageEngine]:
    """The image services over an empty store."""
    engine = ImageEngine(tmp_path, image_zygote)
    yield engine
    engine.close()
