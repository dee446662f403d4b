"""Save: images as a tar that docker, podman and skopeo read (OCI layout with Docker's manifest.json beside it).

The same images under the same names give the same bytes.  Used by the daemon's image service.
"""

import json
import os
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydock.errors import NotFound
from pydock.imagestore import digest as digests
from pydock.imagestore.images import Image, Images
from pydock.imagestore.index import Layer
from pydock.imagestore.layers import Layers, Lease

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Choice:
    """An image to save, and the names to save it under: full ones, as `Tags` has them, with the short form to write."""

    image: Image
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """An image with what is written of it."""

    choice: Choice
    config: bytes
    layers: tuple[Layer, ...]
    manifest: bytes


def save(choices: Sequence[Choice], layers: Layers, images: Images, target: int) -> None:
    """Write the archive of `choices` to descriptor `target`; each layer once.  Blocks; layers are read in workers."""
    with layers.lease() as lease:
        parts = [_part(choice, lease, layers, images) for choice in choices]
        documents: dict[str, bytes] = {}
        found: dict[str, Layer] = {}
        for part in parts:
            documents[digests.of(part.manifest)] = part.manifest
            documents[part.choice.image.id] = part.config
            found.update((layer.diff_id, layer) for layer in part.layers)
        out = _Tar(target)
        out.directory("blobs/")
        out.directory("blobs/sha256/")
        for digest in sorted({*documents, *found}):
            if digest in documents:
                out.file(_path(digest), documents[digest])
            else:
                out.stream(_path(digest), found[digest].tar_size, _writer(layers, found[digest]))
        out.file("index.json", _index(parts))
        out.file("manifest.json", _docker_manifest(parts))
        out.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        repositories = _repositories(parts)
        if repositories:
            out.file("repositories", _encode(repositories) + b"\n")
        out.end()


def _writer(layers: Layers, layer: Layer) -> Callable[[int], None]:
    return lambda target: layers.write_tar(layer, target)


def _part(choice: Choice, lease: Lease, layers: Layers, images: Images) -> _Part:
    image = choice.image
    if image.chain_id and lease.find(image.chain_id) is None:
        raise NotFound(f"No such image: {image.id}")
    config = images.config_bytes(image.id)
    chain = layers.chain(image.chain_id)[::-1]
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": image.id, "size": len(config)},
        "layers": [_descriptor(layer) for layer in chain],
    }
    return _Part(choice, config, chain, _encode(manifest))


def _descriptor(layer: Layer) -> dict[str, Any]:
    return {"mediaType": _LAYER, "digest": layer.diff_id, "size": layer.tar_size}


def _index(parts: Sequence[_Part]) -> bytes:
    entries: list[dict[str, Any]] = []
    for part in parts:
        bare = {"mediaType": _MANIFEST, "digest": digests.of(part.manifest), "size": len(part.manifest)}
        for full, _ in part.choice.names:
            tag = full.rpartition(":")[2]
            names = {"io.containerd.image.name": full, "org.opencontainers.image.ref.name": tag}
            entries.append({**bare, "annotations": names})
        if not part.choice.names:
            entries.append(bare)
    return _encode({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries})


def _docker_manifest(parts: Sequence[_Part]) -> bytes:
    saved = {part.choice.image.id for part in parts}
    items = []
    for part in parts:
        item: dict[str, Any] = {
            "Config": _path(part.choice.image.id),
            "RepoTags": [short for _, short in part.choice.names] or None,
            "Layers": [_path(layer.diff_id) for layer in part.layers],
        }
        if part.layers:
            item["LayerSources"] = {layer.diff_id: _descriptor(layer) for layer in part.layers}
        if part.choice.image.parent in saved:
            item["Parent"] = part.choice.image.parent
        items.append(item)
    return _encode(items) + b"\n"


def _repositories(parts: Sequence[_Part]) -> dict[str, dict[str, str]]:
    """What engines before 1.10 look for: the topmost layer of each name."""
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        for _, short in part.choice.names if part.layers else ():
            repository, _, tag = short.rpartition(":")
            found.setdefault(repository, {})[tag] = digests.to_hex(part.layers[-1].diff_id)
    return found


def _path(digest: str) -> str:
    return f"blobs/sha256/{digests.to_hex(digest)}"


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class _Tar:
    """A tar written to a descriptor, without times and owners, so that it is the same each time."""

    def __init__(self, target: int) -> None:
        self._target = target

    def directory(self, name: str) -> None:
        """Write a directory."""
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        self._write(info.tobuf(tarfile.GNU_FORMAT))

    def file(self, name: str, data: bytes) -> None:
        """Write a small file."""
        self._write(_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))

    def stream(self, name: str, size: int, write: Callable[[int], None]) -> None:
        """Have `write` write the `size` bytes of a file."""
        self._write(_header(name, size))
        write(self._target)
        self._write(bytes(-size % _BLOCK))

    def end(self) -> None:
        """Write the end of the archive."""
        self._write(bytes(2 * _BLOCK))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._target, view) :]


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.GNU_FORMAT)
