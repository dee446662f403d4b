"""Manifests and indexes: read, bounded, checked.  What they say is believed in so far as digests bear it out.

Docker's schema 2 and the OCI form of either; schema 1 is refused in Docker's words.  URLs in descriptors are passed
over.  Used by pull, push and distribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydock.errors import InvalidParameter
from pydock.imagestore import digest as digests
from pydock.imagestore import image_config, platforms
from pydock.imagestore.platforms import Platform, normalize

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFESTS = frozenset((DOCKER_MANIFEST, OCI_MANIFEST))
INDEXES = frozenset((DOCKER_LIST, OCI_INDEX))
#: what a registry is asked for
ACCEPT = ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX))

#: bounds: bytes of a manifest and of a config, layers of an image (as many as Docker takes), entries of an index
MAX_MANIFEST = 4 << 20
MAX_CONFIG = 8 << 20
MAX_LAYERS = 125
MAX_ENTRIES = 4096
#: an index in an index, and that is it
MAX_NESTING = 3

_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+"
_CONFIGS = frozenset((DOCKER_CONFIG, OCI_CONFIG, "application/octet-stream", "application/json", "text/html", ""))
_PLUGIN_CONFIG = "application/vnd.docker.plugin.v1+json"
_GENERIC = frozenset(("", "application/json", "application/octet-stream", "text/plain"))
#: what layers may call themselves, as Docker has it
_LAYER_PREFIXES = ("application/vnd.docker.", "application/vnd.oci.image.")
_MAX_SIZE = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of a blob, or an index of a manifest."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    #: an attestation, which is no image
    attestation: bool = False

    def wire(self) -> dict[str, Any]:
        """The descriptor as manifests and the API write it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image's config and layers, the lowest first; ``content`` are the bytes that its digest is of."""

    media_type: str
    digest: str
    content: bytes
    config: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """Manifests to choose from."""

    media_type: str
    digest: str
    content: bytes
    manifests: tuple[Descriptor, ...]


class Schema1(InvalidParameter):
    """The manifest is of the form that Docker has given up."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. "
            f"Suggest the author of {name} to upgrade the image to the OCI Format or Docker Image manifest v2, "
            "schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/"
        )


def media_type_of(content: bytes, header: str) -> str:
    """The media type of a manifest: what the answer's header says, or where that is a general one, the manifest."""
    stated = header.partition(";")[0].strip().lower()
    if stated.startswith(_SCHEMA1):
        return stated
    value = _object(content, "manifest")
    inner = value.get("mediaType")
    if isinstance(inner, str) and inner:
        if stated not in _GENERIC and stated != inner:
            raise InvalidParameter(
                f"if present, mediaType in manifest should be '{_short(stated)}' not '{_short(inner)}'"
            )
        return inner
    if value.get("schemaVersion") == 1:
        return _SCHEMA1 + "json"
    if stated in _GENERIC:
        return OCI_INDEX if "manifests" in value else OCI_MANIFEST
    return stated


def parse(content: bytes, header: str, name: str) -> Manifest | Index:
    """Read what a registry gave for the image `name`; InvalidParameter where it is not an image's."""
    media_type = media_type_of(content, header)
    if media_type.startswith(_SCHEMA1):
        raise Schema1(name)
    if media_type.startswith("application/vnd.docker.ai."):
        raise InvalidParameter('AI models are not supported by the Engine, please use "docker model pull/run" instead')
    value = _object(content, "manifest")
    if value.get("schemaVersion") != 2:
        raise InvalidParameter(f"unsupported manifest format: schemaVersion {_short(value.get('schemaVersion'))}")
    digest = digests.of(content)
    if media_type in INDEXES:
        if "layers" in value or "config" in value:
            raise InvalidParameter("index: expected index but found manifest")
        return Index(media_type, digest, content, _descriptors(value, "manifests", MAX_ENTRIES))
    if media_type not in MANIFESTS:
        raise InvalidParameter(f"unsupported media type {_short(media_type)}")
    if "manifests" in value:
        raise InvalidParameter("manifest: expected manifest but found index")
    return _manifest(media_type, digest, content, value)


def _manifest(media_type: str, digest: str, content: bytes, value: Mapping[str, Any]) -> Manifest:
    config = _descriptor(value.get("config"), "config")
    if config.media_type not in _CONFIGS:
        kind = "plugin" if config.media_type == _PLUGIN_CONFIG else "unknown"
        raise InvalidParameter(f'Encountered remote "{_short(config.media_type)}"({kind}) when fetching')
    if config.size > MAX_CONFIG:
        raise InvalidParameter(f"image config is too large: {config.size} bytes, the limit is {MAX_CONFIG}")
    if len(value.get("layers") or ()) > MAX_LAYERS:
        raise InvalidParameter("max depth exceeded")
    layers = _descriptors(value, "layers", MAX_LAYERS)
    for layer in layers:
        if not layer.media_type.startswith(_LAYER_PREFIXES) and layer.media_type not in _CONFIGS:
            raise InvalidParameter(f"unsupported media type {_short(layer.media_type)}")
    return Manifest(media_type, digest, content, config, layers)


def diff_ids_of(config: bytes, layers: int) -> tuple[str, ...]:
    """The diff IDs that an image's config names, `layers` of them; InvalidParameter where it is no sound config."""
    rootfs = _object(config, "image config").get("rootfs")
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if found is None and not layers:
        return ()
    if not isinstance(found, list):
        raise InvalidParameter("invalid rootfs in image configuration")
    if len(found) != layers:
        raise InvalidParameter("layers from manifest don't match image configuration")
    return tuple(digests.parse(entry) for entry in found)


def platform_of(config: bytes) -> Platform:
    """The platform that a config is for; one that names no system is for Linux."""
    return platforms.of(
        {"os": "linux"} | {key: value for key, value in _object(config, "image config").items() if value}
    )


def _object(content: bytes, what: str) -> dict[str, Any]:
    value = image_config.parse_json(content, f"invalid {what}")
    if not isinstance(value, dict):
        raise InvalidParameter(f"invalid {what}: not an object")
    return value


def _descriptors(value: Mapping[str, Any], key: str, limit: int) -> tuple[Descriptor, ...]:
    entries = value.get(key) or []
    if not isinstance(entries, list) or len(entries) > limit:
        raise InvalidParameter(f"invalid manifest: {key}")
    return tuple(_descriptor(entry, key) for entry in entries)


def _descriptor(value: Any, what: str) -> Descriptor:
    if not isinstance(value, dict):
        raise InvalidParameter(f"invalid manifest: {what} is not an object")
    media_type, size = value.get("mediaType", ""), value.get("size")
    if not isinstance(media_type, str) or type(size) is not int or not 0 <= size <= _MAX_SIZE:
        raise InvalidParameter(f"invalid manifest: {what} has no sound media type and size")
    annotations = value.get("annotations")
    kind = annotations.get("vnd.docker.reference.type") if isinstance(annotations, dict) else None
    return Descriptor(
        media_type, digests.parse(value.get("digest")), size, _platform(value.get("platform")), kind is not None
    )


def _platform(value: Any) -> Platform | None:
    if not isinstance(value, dict):
        return None
    parts = [value.get(key, "") for key in ("os", "architecture", "variant", "os.version")]
    if not all(isinstance(part, str) and len(part) < 256 for part in parts):
        raise InvalidParameter("invalid manifest: platform")
    return normalize(*parts) if any(parts) else None


def _short(value: object) -> str:
    return "".join(char for char in str(value)[:100] if char.isprintable())
