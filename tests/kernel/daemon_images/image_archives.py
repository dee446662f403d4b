"""Archives of images made in memory: as `docker save` writes them, as OCI layouts, and broken in every way."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

#: name and content, or name and a whole header
Member = tuple[str, bytes] | tuple[tarfile.TarInfo, bytes]


def sha(data: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(data: bytes) -> str:
    """The digest of `data`."""
    return f"sha256:{sha(data)}"


def layer(**files: str) -> bytes:
    """The tar of a layer with these files."""
    return tar((name, content.encode()) for name, content in files.items())


def tar(members: Any) -> bytes:
    """A tar of these members, in order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def special(name: str, type: bytes, link: str = "") -> Member:
    """A member that is no file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, link
    return info, b""


@dataclass(frozen=True, eq=False, repr=False)
class Made:
    """An image: its layers, the lowest first, and what its config says besides them."""

    layers: tuple[bytes, ...]
    names: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.names[0] if self.names else "nameless"

    @property
    def config(self) -> bytes:
        """The config's bytes."""
        value = {
            "architecture": "amd64",
            "os": "linux",
            "created": "2024-05-06T07:08:09Z",
            "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in self.layers]},
            "history": [{"created": "2024-05-06T07:08:09Z", "created_by": "made"} for _ in self.layers],
        }
        return json.dumps({**value, **self.extra}).encode()

    @property
    def id(self) -> str:
        """The image's ID."""
        return digest(self.config)


def docker_members(*images: Made) -> dict[str, bytes]:
    """The files of a `docker save` archive as engines before 25 wrote it."""
    files: dict[str, bytes] = {}
    items = []
    for image in images:
        files[f"{sha(image.config)}.json"] = image.config
        for data in image.layers:
            files[f"{sha(data)}/layer.tar"] = data
        items.append(
            {
                "Config": f"{sha(image.config)}.json",
                "RepoTags": list(image.names) or None,
                "Layers": [f"{sha(data)}/layer.tar" for data in image.layers],
            }
        )
    files["manifest.json"] = json.dumps(items).encode()
    return files


def docker_archive(*images: Made) -> bytes:
    """A `docker save` archive."""
    return tar(docker_members(*images).items())


class Layout:
    """An OCI layout, put together piece by piece."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, data: bytes, media_type: str, **fields: Any) -> dict[str, Any]:
        """Put a blob in; return its descriptor."""
        self.files[f"blobs/sha256/{sha(data)}"] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **fields}

    def image(self, image: Made, layers: Sequence[bytes] | None = None, **fields: Any) -> dict[str, Any]:
        """Put an image in (with `layers` for its blobs, where they are compressed)."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(image.config, CONFIG),
            "layers": [self.blob(data, LAYER) for data in layers or image.layers],
        }
        return self.blob(json.dumps(manifest).encode(), MANIFEST, **fields)

    def index(self, *descriptors: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Put an index in."""
        value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}
        return self.blob(json.dumps(value).encode(), INDEX, **fields)

    def archive(self, *descriptors: dict[str, Any]) -> bytes:
        """The layout with these in its index.json."""
        value = {"schemaVersion": 2, "manifests": list(descriptors)}
        return tar([*self.files.items(), ("index.json", json.dumps(value).encode())])


def named(name: str) -> dict[str, Any]:
    """The annotations that give an image its name."""
    return {"annotations": {"io.containerd.image.name": name}}


def platform(architecture: str, variant: str = "") -> dict[str, Any]:
    """The platform of a descriptor."""
    value = {"os": "linux", "architecture": architecture}
    return {"platform": {**value, "variant": variant} if variant else value}
