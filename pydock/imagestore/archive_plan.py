"""What an archive's documents say is in it: images with their configs, layers and names.

Pure: bytes in, values out, everything checked that can be before a layer is looked at.  Used by `archive_load`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydock.errors import InvalidParameter
from pydock.imagestore import archive_legacy, image_config, platforms
from pydock.imagestore import digest as digests
from pydock.imagestore.archive_members import clean
from pydock.imagestore.platforms import Platform

_MAX_DEPTH: Final = 4
_MAX_IMAGES: Final = 1000
_MAX_LINKS: Final = 10
_BLOBS: Final = "blobs/sha256/"
_NAME_KEYS: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_INDEX_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_CONFIG_TYPES: Final = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


@dataclass(frozen=True, slots=True)
class LayerSource:
    """Where in the archive a layer is; ``digest`` and ``size`` of the file, where they are known ("" and -1)."""

    member: str
    digest: str = ""
    size: int = -1


@dataclass(frozen=True, slots=True)
class Planned:
    """An image that the archive has."""

    config: bytes
    diff_ids: tuple[str, ...]
    layers: tuple[LayerSource, ...]
    names: tuple[str, ...]
    #: the configuration of the image that this one was made from, "" for none
    parent: str = ""


class Documents:
    """The small files of an archive by their names, links followed."""

    def __init__(self, contents: Mapping[str, bytes], links: Mapping[str, str]) -> None:
        self._contents = contents
        self._links = links

    def __contains__(self, name: str) -> bool:
        return self.resolve(name) in self._contents

    def names(self) -> Iterable[str]:
        """The names of all documents."""
        return self._contents

    def resolve(self, name: str) -> str:
        """Return the name of the file that `name` leads to."""
        name = clean(name)
        for _ in range(_MAX_LINKS):
            if name not in self._links:
                return name
            name = self._links[name]
        raise InvalidParameter(f"invalid archive: too many links at {name[:200]!r}")

    def read(self, name: str) -> bytes:
        """Return a document; InvalidParameter where it is missing (or was too big to be one)."""
        data = self._contents.get(self.resolve(name))
        if data is None:
            raise InvalidParameter(f"invalid archive: {name[:200]!r} is missing or no document")
        return data

    def blob(self, descriptor: Mapping[str, Any]) -> bytes:
        """Return the document that a descriptor names, its digest and size verified."""
        digest, size = _descriptor(descriptor)
        data = self.read(_BLOBS + digests.to_hex(digest))
        if len(data) != size:
            raise InvalidParameter(f"blob {digest}: {len(data)} bytes, {size} were declared")
        if digests.of(data) != digest:
            raise InvalidParameter(f"blob {digest}: the content has digest {digests.of(data)}")
        return data


def plan(
    documents: Documents, normalize: Callable[[str], str], wanted: Platform | None, diff_id: Callable[[str], str]
) -> list[Planned]:
    """Return the images of an archive, in order.

    `normalize` turns a name into the full form; `diff_id` tells the one of a layer that was in the archive.
    """
    if "manifest.json" in documents and not (wanted and "index.json" in documents):
        found = _docker(documents, normalize)
    elif "index.json" in documents:
        return list(_oci(documents, normalize, wanted))
    elif "repositories" in documents:
        found = [
            _planned(
                image.config,
                [LayerSource(documents.resolve(layer)) for layer in image.layers],
                [normalize(name) for name in image.names],
            )
            for image in archive_legacy.images(documents.read, lambda name: diff_id(documents.resolve(name)))
        ]
    else:
        raise InvalidParameter("invalid archive: does not contain a manifest.json")
    if wanted:
        found = [image for image in found if platforms.rank(wanted, platforms.of(_platform(image.config))) >= 0]
    return found


def _docker(documents: Documents, normalize: Callable[[str], str]) -> list[Planned]:
    """``manifest.json``: what `docker save` has written since 1.10."""
    manifest = image_config.parse_json(documents.read("manifest.json"), "invalid archive: manifest.json")
    if manifest is None:
        raise InvalidParameter("invalid manifest, manifest cannot be null (but can be [])")
    if not isinstance(manifest, list) or len(manifest) > _MAX_IMAGES:
        raise InvalidParameter("invalid archive: failed to decode manifest.json: not a list of images")
    found = []
    for item in manifest:
        if not isinstance(item, dict) or not isinstance(item.get("Config"), str):
            raise InvalidParameter("invalid archive: failed to decode manifest.json: an image without Config")
        layers, names, parent = _texts(item, "Layers"), _texts(item, "RepoTags"), item.get("Parent") or ""
        config = documents.read(item["Config"])
        _check_name(documents.resolve(item["Config"]).removesuffix(".json"), config)
        sources = [_source(documents.resolve(layer)) for layer in layers]
        found.append(_planned(config, sources, [normalize(name) for name in names], str(parent)))
    return found


def _check_name(name: str, config: bytes) -> None:
    """A config whose name is a digest has that digest."""
    name = name.removeprefix(_BLOBS)
    if digests.is_digest(f"sha256:{name}") and digests.of(config) != f"sha256:{name}":
        raise InvalidParameter(f"invalid archive: config {name} has digest {digests.of(config)}")


def _source(name: str) -> LayerSource:
    claimed = f"sha256:{name.removeprefix(_BLOBS)}" if name.startswith(_BLOBS) else ""
    return LayerSource(name, claimed if digests.is_digest(claimed) else "")


def _planned(config: bytes, layers: list[LayerSource], names: list[str], parent: str = "") -> Planned:
    diff_ids = image_config.diff_ids(image_config.parse(config))
    if len(layers) != len(diff_ids):
        raise InvalidParameter(f"invalid manifest, layers length mismatch: expected {len(layers)}, got {len(diff_ids)}")
    return Planned(config, diff_ids, tuple(layers), tuple(dict.fromkeys(names)), parent)


def _oci(documents: Documents, normalize: Callable[[str], str], wanted: Platform | None) -> Iterator[Planned]:
    """``index.json``: an OCI layout, with the names that containerd, buildkit, podman or skopeo wrote."""
    index = image_config.parse_json(documents.read("index.json"), "invalid archive: index.json")
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for place, descriptor in enumerate(_manifests(index)):
        name = _name(descriptor, normalize)
        groups.setdefault(name or f"#{place}", []).extend(_leaves(documents, descriptor))
    if sum(len(leaves) for leaves in groups.values()) > _MAX_IMAGES:
        raise InvalidParameter("invalid archive: too many images")
    images: dict[bytes, Planned] = {}
    for name, leaves in groups.items():
        leaf = _choose(documents, leaves, wanted)
        if leaf is None:
            continue
        image = _from_manifest(documents, leaf, () if name.startswith("#") else (name,))
        same = images.get(image.config)
        names = (*same.names, *image.names) if same else image.names
        images[image.config] = Planned(image.config, image.diff_ids, image.layers, names)
    yield from images.values()


def _name(descriptor: Mapping[str, Any], normalize: Callable[[str], str]) -> str:
    """The name that an entry of index.json bears; a bare word there is a tag without a repository, which is none."""
    annotations = descriptor.get("annotations")
    if not isinstance(annotations, dict):
        return ""
    for key in _NAME_KEYS:
        text = annotations.get(key)
        if isinstance(text, str) and (":" in text or "/" in text):
            return normalize(text)
    return ""


def _leaves(documents: Documents, descriptor: Mapping[str, Any], depth: int = 0) -> list[Mapping[str, Any]]:
    """The manifests of images under a descriptor of index.json, whose blobs are in the archive."""
    digest, _ = _descriptor(descriptor)
    if _BLOBS + digests.to_hex(digest) not in documents or _is_attestation(descriptor):
        return []
    value = image_config.parse_json(documents.blob(descriptor), f"invalid manifest {digest}")
    if not isinstance(value, dict):
        raise InvalidParameter(f"invalid manifest {digest}")
    if descriptor.get("mediaType") not in _INDEX_TYPES and "manifests" not in value:
        return [descriptor]
    if depth >= _MAX_DEPTH:
        raise InvalidParameter("invalid archive: indexes nested too deep")
    found: list[Mapping[str, Any]] = []
    for child in _manifests(value):
        found += _leaves(documents, child, depth + 1)
        if len(found) > _MAX_IMAGES:
            raise InvalidParameter("invalid archive: too many images")
    return found


def _is_attestation(descriptor: Mapping[str, Any]) -> bool:
    annotations, platform = descriptor.get("annotations"), descriptor.get("platform")
    return (isinstance(annotations, dict) and "vnd.docker.reference.type" in annotations) or (
        isinstance(platform, dict) and platform.get("os") == "unknown"
    )


def _choose(documents: Documents, leaves: list[Mapping[str, Any]], wanted: Platform | None) -> Mapping[str, Any] | None:
    """The manifest to load of those that share a name: what suits best the platform that is wanted, or this machine."""
    if not wanted and len(leaves) <= 1:
        return leaves[0] if leaves else None
    best = wanted or platforms.host()
    ranks = [platforms.rank(best, platforms.of(_leaf_platform(documents, leaf))) for leaf in leaves]
    fitting = [(rank, place) for place, rank in enumerate(ranks) if rank >= 0]
    if fitting:
        return leaves[min(fitting)[1]]
    return None if wanted else leaves[0]


def _leaf_platform(documents: Documents, leaf: Mapping[str, Any]) -> dict[str, str]:
    platform = leaf.get("platform")
    if isinstance(platform, dict) and platform.get("architecture"):
        return {key: value for key, value in platform.items() if isinstance(value, str)}
    return _platform(documents.blob(_config_descriptor(documents, leaf)[0]))


def _platform(config: bytes) -> dict[str, str]:
    parsed = image_config.parse(config)
    return {key: value for key in ("os", "architecture", "variant", "os.version") if (value := parsed.get(key))}


def _config_descriptor(
    documents: Documents, leaf: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    manifest = image_config.parse_json(documents.blob(leaf), "invalid manifest")
    config, layers = manifest.get("config"), manifest.get("layers")
    if not isinstance(config, dict) or not isinstance(layers, list):
        raise InvalidParameter("invalid manifest: no image manifest")
    if config.get("mediaType") not in _CONFIG_TYPES:
        raise InvalidParameter(f"unsupported config media type {str(config.get('mediaType'))[:200]!r}")
    return config, layers


def _from_manifest(documents: Documents, leaf: Mapping[str, Any], names: tuple[str, ...]) -> Planned:
    config, layers = _config_descriptor(documents, leaf)
    sources = []
    for layer in layers:
        digest, size = _descriptor(layer)
        sources.append(LayerSource(documents.resolve(_BLOBS + digests.to_hex(digest)), digest, size))
    return _planned(documents.blob(config), sources, list(names))


def _manifests(index: Any) -> list[Mapping[str, Any]]:
    entries = index.get("manifests") if isinstance(index, dict) else None
    if not isinstance(entries, list) or len(entries) > _MAX_IMAGES or not all(isinstance(e, dict) for e in entries):
        raise InvalidParameter("invalid archive: an index without a list of manifests")
    return entries


def _descriptor(descriptor: Any) -> tuple[str, int]:
    if not isinstance(descriptor, dict):
        raise InvalidParameter("invalid descriptor")
    size = descriptor.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InvalidParameter("invalid descriptor: wrong size")
    return digests.parse(descriptor.get("digest")), size


def _texts(item: Mapping[str, Any], key: str) -> list[str]:
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidParameter(f"invalid archive: failed to decode manifest.json: wrong {key}")
    return value
