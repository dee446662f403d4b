"""Images made in memory, in any of the forms that registries keep."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

from pydock.imagestore.registry import manifests


def digest_of(data: bytes) -> str:
    """The digest of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar with regular files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@dataclass
class MadeImage:
    """A manifest, the blobs that it names, and what they unpack to."""

    manifest: bytes
    media_type: str
    blobs: dict[str, bytes]
    diff_ids: list[str]
    config_digest: str
    layer_digests: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return digest_of(self.manifest)

    def entry(self, **platform: str) -> dict[str, Any]:
        """What an index says of the image."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest)}
        return found | ({"platform": platform} if platform else {})


def compress(tar: bytes, kind: str) -> bytes:
    """`tar` in gzip, zstd or as it is."""
    if kind == "gzip":
        return gzip.compress(tar, 1, mtime=0)
    return zstandard.compress(tar) if kind == "zstd" else tar


def make_image(
    layers: Sequence[Mapping[str, bytes]] = ({"hello": b"hello\n"},),
    kind: str = "gzip",
    oci: bool = False,
    architecture: str = "amd64",
    config: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> MadeImage:
    """An image of `layers`; `changes` replace keys of the manifest."""
    tars = [tar_of(files) for files in layers]
    blobs = [compress(tar, kind) for tar in tars]
    diff_ids = [digest_of(tar) for tar in tars]
    made = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["true"], "Labels": {"made": "here"}},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": f"layer {place}"} for place in range(len(tars))],
        "created": "2024-01-01T00:00:00Z",
    } | dict(config or {})
    config_bytes = json.dumps(made).encode()
    layer_type = f"{manifests.OCI_LAYER}{'+' + kind if kind else ''}" if oci else manifests.DOCKER_LAYER
    media_type = manifests.OCI_MANIFEST if oci else manifests.DOCKER_MANIFEST
    value: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": manifests.OCI_CONFIG if oci else manifests.DOCKER_CONFIG,
            "size": len(config_bytes),
            "digest": digest_of(config_bytes),
        },
        "layers": [{"mediaType": layer_type, "size": len(blob), "digest": digest_of(blob)} for blob in blobs],
    } | dict(changes or {})
    everything = {digest_of(blob): blob for blob in [config_bytes, *blobs]}
    return MadeImage(
        json.dumps(value).encode(),
        media_type,
        everything,
        diff_ids,
        digest_of(config_bytes),
        [digest_of(blob) for blob in blobs],
    )


def make_index(entries: Sequence[Mapping[str, Any]], oci: bool = False) -> tuple[bytes, str]:
    """An index of `entries`, and its media type."""
    media_type = manifests.OCI_INDEX if oci else manifests.DOCKER_LIST
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)}).encode(), media_type
