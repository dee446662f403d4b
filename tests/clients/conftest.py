"""The engines that tests of clients share; each is started when the first test asks for it."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.clients import engines
from tests.clients.engines import Engine, Pair


@pytest.fixture(scope="session")
def pydock_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A pydockd, asked with the stock docker client where there is one, otherwise with pydock."""
    if os.geteuid() or not shutil.which("busybox"):
        pytest.skip("needs root and busybox-static")
    with engines.pydock_engine(tmp_path_factory.mktemp("pydock"), engines.docker_client()) as engine:
        engine.import_image("box")
        yield engine


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A real Docker Engine."""
    if not shutil.which("busybox"):
        pytest.skip("needs busybox-static")
    with engines.docker_engine(tmp_path_factory.mktemp("docker")) as engine:
        if engine is None:
            pytest.skip("no Docker Engine at hand")
        release = engine.api("GET", "/version").value["Version"]
        if not release.startswith("28."):
            pytest.skip(f"the Docker Engine at hand is another release: {release}")
        engine.import_image("box")
        yield engine
        engine.run(["rmi", "-f", engine.own("box")])


@pytest.fixture
def pair(pydock_engine: Engine, docker_engine: Engine) -> Pair:
    """Both."""
    return Pair(pydock_engine, docker_engine)
