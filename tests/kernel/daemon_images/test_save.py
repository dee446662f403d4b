"""Saving: what the archive holds, that it loads again as the same images, and that others can read it."""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import platforms
from tests.kernel.daemon_images.image_archives import Made, digest, docker_archive, layer, sha
from tests.kernel.daemon_images.image_engine import ImageEngine

BASE, TOP, OTHER = layer(base="1"), layer(top="2"), layer(other="3")
ONE = Made((BASE, TOP), ("one:1", "one:2"))
TWO = Made((BASE, OTHER), ("host:5000/two:1",))


@pytest.fixture
def full(engine: ImageEngine) -> ImageEngine:
    """An engine with both images."""
    engine.load(docker_archive(ONE, TWO))
    return engine


def files(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        found = {}
        for member in opened:
            file = opened.extractfile(member)
            found[member.name] = file.read() if file else b""
        return found


def document(archive: bytes, name: str) -> Any:
    return json.loads(files(archive)[name])


def test_the_same_images_again(full: ImageEngine, tmp_path: Path) -> None:
    archive = full.saved("one:1", "host:5000/two:1")
    assert archive == full.saved("one:1", "host:5000/two:1")
    names = dict(full.names())
    full.removal.remove("one:1"), full.removal.remove("one:2"), full.removal.remove("host:5000/two:1")
    assert full.directories() == []
    assert full.loaded(archive) == ["Loaded image: one:1", "Loaded image: host:5000/two:1"]
    del names["docker.io/library/one:2"]
    assert full.names() == names


def test_each_layer_once_and_every_document(full: ImageEngine) -> None:
    archive = full.saved("one", "host:5000/two:1")
    found = files(archive)
    blobs = {name.rpartition("/")[2] for name in found if name.startswith("blobs/sha256/")}
    assert {sha(BASE), sha(TOP), sha(OTHER), sha(ONE.config), sha(TWO.config)} <= blobs
    assert found[f"blobs/sha256/{sha(BASE)}"] == BASE
    assert document(archive, "manifest.json") == [
        {
            "Config": f"blobs/sha256/{sha(ONE.config)}",
            "RepoTags": ["one:1", "one:2"],
            "Layers": [f"blobs/sha256/{sha(BASE)}", f"blobs/sha256/{sha(TOP)}"],
            "LayerSources": sources(BASE, TOP),
        },
        {
            "Config": f"blobs/sha256/{sha(TWO.config)}",
            "RepoTags": ["host:5000/two:1"],
            "Layers": [f"blobs/sha256/{sha(BASE)}", f"blobs/sha256/{sha(OTHER)}"],
            "LayerSources": sources(BASE, OTHER),
        },
    ]
    entries = document(archive, "index.json")["manifests"]
    assert [entry["annotations"]["io.containerd.image.name"] for entry in entries] == [
        "docker.io/library/one:1",
        "docker.io/library/one:2",
        "host:5000/two:1",
    ]
    assert all(digest(found[f"blobs/sha256/{entry['digest'][7:]}"]) == entry["digest"] for entry in entries)
    assert document(archive, "repositories") == {
        "one": {"1": sha(TOP), "2": sha(TOP)},
        "host:5000/two": {"1": sha(OTHER)},
    }


def sources(*layers: bytes) -> dict[str, dict[str, object]]:
    """What Docker says of layers beside their places."""
    kind = "application/vnd.oci.image.layer.v1.tar"
    return {digest(data): {"mediaType": kind, "digest": digest(data), "size": len(data)} for data in layers}


def test_an_id_saves_no_name(full: ImageEngine) -> None:
    archive = full.saved(ONE.id)
    assert document(archive, "manifest.json")[0]["RepoTags"] is None
    assert "annotations" not in document(archive, "index.json")["manifests"][0]
    assert "repositories" not in files(archive)
    assert full.saved(ONE.id[7:19]) == archive


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch", "No such image: nosuch"),
        ("nosuch:1", "reference does not exist"),
        ("sha256:" + "1" * 64, "No such image: sha256:" + "1" * 64),
    ],
)
def test_what_is_not_here(full: ImageEngine, name: str, message: str) -> None:
    with pytest.raises(NotFound, match=message):
        full.saved("one:1", name)


def test_another_platform(full: ImageEngine) -> None:
    with pytest.raises(InvalidParameter, match="no suitable export target found for platform linux/riscv64"):
        full.saved("one:1", platform=platforms.parse("linux/riscv64"))


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")
@pytest.mark.parametrize("source", ["docker-archive:{}:one:2", "oci-archive:{}:2"])
def test_skopeo_reads_it(full: ImageEngine, tmp_path: Path, source: str) -> None:
    (tmp_path / "saved.tar").write_bytes(full.saved("one:2"))
    text = subprocess.run(
        ["skopeo", "inspect", "--config", "--raw", source.format(tmp_path / "saved.tar")],
        check=True,
        capture_output=True,
    ).stdout
    assert digest(text) == ONE.id
