"""Registries and engines for the tests of pull and push."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.registries.real_registries import Daemon, Engine, RealRegistry, real_docker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Root, a registry and skopeo, or there is nothing to test."""
    missing = [name for name in ("docker-registry", "skopeo", "openssl") if not shutil.which(name)]
    reason = "needs root" if os.geteuid() else f"needs {', '.join(missing)}" if missing else ""
    if reason:
        for item in items:
            if "clients/registries" in str(item.path):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A pydockd."""
    folder = Path(tempfile.mkdtemp(prefix="pdt"))
    made = Daemon(folder)
    yield made
    made.close()
    shutil.rmtree(folder)


@pytest.fixture(params=["pydock", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """pydockd, then real Docker: the same tests prove each other."""
    if request.param == "docker":
        if not real_docker():
            pytest.skip("no Docker to compare with: PYDOCK_TEST_DOCKER_SOCKET")
        return Engine("docker", real_docker())
    made: Daemon = request.getfixturevalue("daemon")
    return made.engine


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """A registry that asks nobody who they are."""
    made = RealRegistry(tmp_path_factory.mktemp("plain") / "registry")
    yield made
    made.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """A registry with TLS that wants me:secret."""
    folder = tmp_path_factory.mktemp("guarded")
    certificate = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    made = RealRegistry(folder / "registry", auth=True, certificate=certificate)
    yield made
    made.close()
