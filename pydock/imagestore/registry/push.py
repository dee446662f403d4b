"""Push: an image into a registry.

What was pulled goes back as it came, manifest and compressed layers, so that its digest stays; what was made here is
compressed once and kept.  Used by the daemon's push service.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydock.errors import PydockError, System
from pydock.imagestore import digest as digests
from pydock.imagestore import threads
from pydock.imagestore.images import Image
from pydock.imagestore.index import BlobRow, Layer, ManifestRow
from pydock.imagestore.reference import Reference
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.faults import asked_by
from pydock.imagestore.registry.layer_upload import Uploads, put_manifest
from pydock.imagestore.registry.manifests import Manifest
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.progress import Progress, short_id
from pydock.imagestore.registry.reach import first
from pydock.imagestore.registry.repository import Repository
from pydock.imagestore.registry.retries import Retries
from pydock.imagestore.registry.session import Session
from pydock.imagestore.registry.store import Store

#: how many repositories are asked whether they lend a layer
MAX_NEIGHBOURS = 3
_OCI_TYPES = {manifests.DOCKER_LAYER: f"{manifests.OCI_LAYER}+gzip"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be pushed: ``reference`` with a tag, or without for all tags."""

    reference: Reference
    credentials: Credentials


class Pusher:
    """Pushes images of the store; may be used by several threads."""

    def __init__(self, store: Store, options: RegistryOptions, retries: Retries | None = None) -> None:
        self._store = store
        self._options = options
        self._retries = retries or Retries(options.max_download_attempts)

    def reload(self, options: RegistryOptions) -> None:
        """Begin the next push with these options."""
        self._options = options
        self._retries = replace(self._retries, attempts=options.max_download_attempts)

    def push(self, request: Request, progress: Progress, cancellation: Cancellation) -> None:
        """Push.  Blocks."""
        reference = request.reference
        progress.say(f"The push refers to repository [{reference.name}]")
        tagged = self._tagged(reference)

        def attempt(session: Session, inner: Cancellation) -> None:
            repository = Repository(session, reference.path, inner, "pull,push")
            for one, image in tagged:
                _Push(self._store, self._options, self._retries, repository, inner).run(one, image, progress)

        try:
            first(reference.domain, request.credentials, self._options, cancellation, attempt, mirrors=False)
        except PydockError as error:
            cancellation.check()
            raise asked_by(error, "") from None

    def _tagged(self, reference: Reference) -> list[tuple[Reference, Image]]:
        """What is to go out, in Docker's words where that is nothing."""
        names = self._store.tags.all()
        ours = [name for name in names if _repository_of(name) == reference.name]
        if not ours:
            raise System(f"An image does not exist locally with the tag: {reference.familiar_name}")
        if reference.digest:
            raise System("cannot push a digest reference")
        wanted = [str(reference)] if reference.tag else sorted(name for name in ours if "@" not in name)
        found = []
        for name in wanted:
            one = reference.with_tag(name.rpartition(":")[2])
            image = self._store.images.get(names.get(name, ""))
            if image is None:
                raise System(f"tag does not exist: {one.familiar}")
            found.append((one, image))
        if not found:
            raise System(f"no tags to push for {reference.familiar_name}")
        return found


def _repository_of(name: str) -> str:
    """``docker.io/library/busybox`` of a name with a tag or a digest."""
    name = name.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    return repository if colon and "/" not in tag else name


class _Push:
    """The push of one image under one tag to one endpoint."""

    def __init__(
        self,
        store: Store,
        options: RegistryOptions,
        retries: Retries,
        repository: Repository,
        cancellation: Cancellation,
    ) -> None:
        self._store = store
        self._options = options
        self._repository = repository
        self._cancellation = cancellation
        self._uploads = Uploads(repository, cancellation, retries)
        self._failure: BaseException | None = None

    def run(self, reference: Reference, image: Image, progress: Progress) -> None:
        with self._store.layers.lease() as lease:
            # held, so that they stay while they are sent
            if image.chain_id and lease.find(image.chain_id) is None:
                raise System(f"tag does not exist: {reference.familiar}")
            chain = self._store.layers.chain(image.chain_id)
            rows = self._send_layers(chain, self._neighbours(reference), progress)
        config = self._store.images.config_bytes(image.id)
        self._uploads.put(image.id, config)
        manifest = self._kept(image, rows) or made(config, list(reversed(rows)), image.id)
        put_manifest(self._repository, reference.tag, manifest.content, manifest.media_type)
        size = len(manifest.content)
        progress.say(f"{reference.tag}: digest: {manifest.digest} size: {size}")
        self._store.images.add_manifest(manifest)
        self._store.tags.set(f"{reference.name}@{manifest.digest}", image.id)
        progress.result({"Tag": reference.tag, "Digest": manifest.digest, "Size": size})

    def _kept(self, image: Image, rows: Sequence[BlobRow]) -> ManifestRow | None:
        """The manifest that the image came with, if it names the very blobs that have gone out."""
        sent = [row.digest for row in reversed(rows)]
        for row in self._store.images.manifests(image.id):
            if row.media_type in manifests.MANIFESTS:
                found = manifests.parse(row.content, row.media_type, image.id)
                if isinstance(found, Manifest) and [layer.digest for layer in found.layers] == sent:
                    return row
        return None

    def _neighbours(self, reference: Reference) -> Mapping[str, list[str]]:
        """For each layer the other repositories of the registry that are known to have it."""
        found: dict[str, list[str]] = {}
        for name, image_id in self._store.tags.all().items():
            repository = _repository_of(name)
            if "@" not in name or repository == reference.name or not repository.startswith(f"{reference.domain}/"):
                continue
            image = self._store.images.get(image_id)
            for diff_id in image.diff_ids if image is not None else ():
                found.setdefault(diff_id, []).append(repository.removeprefix(f"{reference.domain}/"))
        return {diff_id: list(dict.fromkeys(paths))[:MAX_NEIGHBOURS] for diff_id, paths in found.items()}

    def _send_layers(
        self, chain: Sequence[Layer], neighbours: Mapping[str, list[str]], progress: Progress
    ) -> list[BlobRow]:
        """Upload the layers of `chain`, the topmost first; return their compressed forms."""
        distinct = {layer.diff_id: layer for layer in chain}
        for diff_id in distinct:
            progress.update(short_id(diff_id), "Preparing")
        for diff_id in list(distinct)[self._options.max_concurrent_uploads :]:
            progress.update(short_id(diff_id), "Waiting")
        with threads.begin(self._options.max_concurrent_uploads, "push") as pool:
            try:
                sending = {
                    diff_id: pool.submit(self._send_layer, layer, neighbours.get(diff_id, ()), progress)
                    for diff_id, layer in distinct.items()
                }
                return [sending[layer.diff_id].result() for layer in chain]
            except BaseException as error:
                self._cancellation.cancel()
                pool.shutdown(cancel_futures=True)
                raise self._failure or error from None

    def _send_layer(self, layer: Layer, neighbours: Sequence[str], progress: Progress) -> BlobRow:
        try:
            self._cancellation.check()
            row = self._store.layers.blob(layer.diff_id) or self._store.layers.compress(layer)
            descriptor = self._store.blobs.open(row.digest)
            try:
                self._uploads.upload(short_id(layer.diff_id), row.digest, descriptor, row.size, neighbours, progress)
            finally:
                os.close(descriptor)
            return row
        except BaseException as error:
            self._failure = self._failure or error
            self._cancellation.cancel()
            raise


def made(config: bytes, rows: Sequence[BlobRow], image_id: str) -> ManifestRow:
    """A manifest for layers (the lowest first): Docker's form, or OCI's where a layer needs that."""
    oci = any(row.media_type != manifests.DOCKER_LAYER for row in rows)
    media_type = manifests.OCI_MANIFEST if oci else manifests.DOCKER_MANIFEST
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": manifests.OCI_CONFIG if oci else manifests.DOCKER_CONFIG,
            "size": len(config),
            "digest": image_id,
        },
        "layers": [
            {
                "mediaType": _OCI_TYPES.get(row.media_type, row.media_type) if oci else row.media_type,
                "size": row.size,
                "digest": row.digest,
            }
            for row in rows
        ],
    }
    content = json.dumps(value, indent=3).encode()
    return ManifestRow(digests.of(content), media_type, content, image_id)
