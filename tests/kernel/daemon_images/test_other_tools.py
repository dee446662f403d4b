"""Archives that podman and skopeo write, and ours as they read them: the same images under the same IDs."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.daemon_images.image_archives import Made, digest, docker_archive, layer
from tests.kernel.daemon_images.image_engine import ImageEngine

BASE, TOP, OTHER = layer(base="1"), layer(top="2"), layer(other="3")
ONE = Made((BASE, TOP), ("localhost/one:1",))
TWO = Made((BASE, OTHER), ("localhost/two:1",))

needs_skopeo = pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")


class Podman:
    """podman with a store of its own, without mounts (``vfs``)."""

    def __init__(self, folder: Path) -> None:
        places = [f"--{name}={folder / name}" for name in ("root", "runroot", "tmpdir")]
        self._command = ["podman", *places, "--storage-driver=vfs", "--cgroup-manager=cgroupfs"]

    def __call__(self, *arguments: object) -> str:
        """What a command prints."""
        done = subprocess.run([*self._command, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def id(self, name: str) -> str:
        """The ID of an image."""
        return "sha256:" + self("image", "inspect", "--format={{.Id}}", name).strip()


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Podman]:
    """podman, with the two images in its store."""
    if not shutil.which("podman"):
        pytest.skip("needs podman")
    made = Podman(tmp_path / "podman")
    archive = tmp_path / "both.tar"
    archive.write_bytes(docker_archive(ONE, TWO))
    made("load", "-q", "-i", archive)
    yield made
    made("rmi", "-f", "-a")


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci-dir"])
def test_what_podman_saves(engine: ImageEngine, podman: Podman, tmp_path: Path, form: str) -> None:
    saved = tmp_path / "saved"
    podman("save", "-q", f"--format={form}", "-o", saved, "localhost/one:1")
    if saved.is_dir():
        archive = tmp_path / "saved.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(saved, ".")
        saved = archive
    assert engine.loaded(saved.read_bytes()) == ["Loaded image: localhost/one:1"]
    (image,) = engine.store.images.all()
    assert image.diff_ids == (digest(BASE), digest(TOP))
    # podman puts a config of Docker's into OCI's form
    assert (image.id == ONE.id) == (form == "docker-archive")


def test_several_images_that_podman_saves(engine: ImageEngine, podman: Podman, tmp_path: Path) -> None:
    saved = tmp_path / "saved.tar"
    podman("save", "-q", "-m", "--format=docker-archive", "-o", saved, "localhost/one:1", "localhost/two:1")
    assert engine.loaded(saved.read_bytes()) == ["Loaded image: localhost/one:1", "Loaded image: localhost/two:1"]
    assert engine.names() == {"localhost/one:1": ONE.id, "localhost/two:1": TWO.id}


def test_podman_loads_what_is_saved_here(engine: ImageEngine, podman: Podman, tmp_path: Path) -> None:
    engine.load(docker_archive(ONE, TWO))
    saved = tmp_path / "saved.tar"
    saved.write_bytes(engine.saved("localhost/one:1", "localhost/two:1"))
    podman("rmi", "-f", "-a")
    podman("load", "-q", "-i", saved)
    assert (podman.id("localhost/one:1"), podman.id("localhost/two:1")) == (ONE.id, TWO.id)


@needs_skopeo
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_layout_of_compressed_layers_that_skopeo_writes(
    engine: ImageEngine, tmp_path: Path, compression: str
) -> None:
    source, layout, archive = tmp_path / "source.tar", tmp_path / "layout", tmp_path / "layout.tar"
    source.write_bytes(docker_archive(ONE))
    _copy(f"docker-archive:{source}", f"oci:{layout}:name:1", f"--dest-compress-format={compression}")
    with tarfile.open(archive, "w") as tar:
        tar.add(layout, ".")
    assert engine.loaded(archive.read_bytes()) == ["Loaded image: name:1"]
    (image,) = engine.store.images.all()
    assert image.diff_ids == (digest(BASE), digest(TOP))


@needs_skopeo
def test_skopeo_makes_a_layout_of_what_is_saved_here(engine: ImageEngine, tmp_path: Path) -> None:
    engine.load(docker_archive(ONE, TWO))
    saved, again = tmp_path / "saved.tar", tmp_path / "again.tar"
    saved.write_bytes(engine.saved("localhost/one:1", "localhost/two:1"))
    _copy(f"docker-archive:{saved}:localhost/two:1", f"docker-archive:{again}:localhost/copy:1")
    engine.load(again.read_bytes())
    assert engine.names()["localhost/copy:1"] == TWO.id


def _copy(source: str, target: str, *options: str) -> None:
    subprocess.run(["skopeo", "copy", "-q", "--insecure-policy", *options, source, target], check=True)
