"""Pull: an image out of a registry.

Endpoints are tried in turn; the manifest is found and its platform chosen; what is missing of its layers is
downloaded and unpacked, several at a time; the image enters the index whole.  Used by the daemon's pull service.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydock.errors import InvalidParameter, PydockError
from pydock.imagestore import digest as digests
from pydock.imagestore import threads
from pydock.imagestore.index import ManifestRow
from pydock.imagestore.layers import Lease, Unpacked
from pydock.imagestore.platforms import Platform, host
from pydock.imagestore.reference import Reference
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.choice import choose
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.faults import explained
from pydock.imagestore.registry.layer_download import LayerDownload
from pydock.imagestore.registry.manifests import Descriptor, Index, Manifest, Schema1
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.progress import Progress, short_id
from pydock.imagestore.registry.reach import first
from pydock.imagestore.registry.repository import Fetched, Repository
from pydock.imagestore.registry.retries import Retries
from pydock.imagestore.registry.session import Session
from pydock.imagestore.registry.store import Store
from pydock.imagestore.registry.under_way import UnderWay


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be pulled: ``reference`` has a tag or a digest, or ``all_tags`` is set."""

    reference: Reference
    credentials: Credentials
    platform: Platform | None = None
    all_tags: bool = False


class Puller:
    """Pulls images into the store; may be used by several threads."""

    def __init__(self, store: Store, options: RegistryOptions, retries: Retries | None = None) -> None:
        self._store = store
        self._options = options
        self._retries = retries or Retries(options.max_download_attempts)
        self._under_way = UnderWay()

    def reload(self, options: RegistryOptions) -> None:
        """Begin the next pull with these options."""
        self._options = options
        self._retries = replace(self._retries, attempts=options.max_download_attempts)

    def pull(self, request: Request, progress: Progress, cancellation: Cancellation) -> bool:
        """Pull, and tell whether a name has come to stand for something else.  Blocks."""
        reference = request.reference

        def attempt(session: Session, inner: Cancellation) -> bool:
            repository = Repository(session, reference.path, inner)
            one = _Pull(self._store, self._options, self._retries, self._under_way, repository, inner)
            return one.run(request, progress)

        try:
            changed = first(reference.domain, request.credentials, self._options, cancellation, attempt)
        except PydockError as error:
            cancellation.check()
            raise explained(error, reference) from error
        image = "Downloaded newer image" if changed else "Image is up to date"
        shown = reference.familiar_name if request.all_tags else reference.familiar
        progress.say(f"Status: {image} for {shown}")
        return changed


class _Pull:
    """One pull from one endpoint."""

    def __init__(
        self,
        store: Store,
        options: RegistryOptions,
        retries: Retries,
        under_way: UnderWay,
        repository: Repository,
        cancellation: Cancellation,
    ) -> None:
        self._store = store
        self._options = options
        self._retries = retries
        self._under_way = under_way
        self._repository = repository
        self._cancellation = cancellation
        self._failure: BaseException | None = None

    def run(self, request: Request, progress: Progress) -> bool:
        if not request.all_tags:
            return self._pull_one(request.reference, request.platform, progress)
        changed = False
        for tag in self._repository.tags():
            changed = self._pull_one(request.reference.with_tag(tag), request.platform, progress) or changed
        return changed

    def _pull_one(self, reference: Reference, platform: Platform | None, progress: Progress) -> bool:
        wanted = reference.digest or reference.tag
        name = str(reference.with_digest(wanted) if reference.digest else reference)
        known = self._store.tags.find(name)
        rows = self._store.images.manifests(known) if known else []
        fetched = self._unmoved(reference, rows) or self._repository.manifest(wanted)
        try:
            found = manifests.parse(fetched.content, fetched.header, str(reference))
        except Schema1:
            progress.say(f"Pulling from {reference.path}", wanted)
            raise
        progress.say(f"Pulling from {reference.path}", wanted)
        manifest = choose(found, platform or host(), lambda digest: self._fetch(digest, rows), str(reference))
        image_id = self._bring(manifest, found, {name, f"{reference.name}@{found.digest}"}, progress)
        progress.say(f"Digest: {found.digest}")
        return known != image_id

    def _unmoved(self, reference: Reference, rows: list[ManifestRow]) -> Fetched | None:
        """The manifest of a tag that has not moved since it was pulled; asking for a digest counts against no limit."""
        if reference.digest or not rows:
            return None
        digest = self._repository.manifest_digest(reference.tag)
        return next((Fetched(row.content, digest, row.media_type) for row in rows if row.digest == digest), None)

    def _fetch(self, digest: str, rows: list[ManifestRow]) -> Fetched:
        kept = next((Fetched(row.content, digest, row.media_type) for row in rows if row.digest == digest), None)
        return kept or self._repository.manifest(digest)

    def _bring(self, manifest: Manifest, found: Manifest | Index, names: set[str], progress: Progress) -> str:
        """Have the image of `manifest` in the store, and give it `names`."""
        image_id = manifest.config.digest
        here = self._store.images.get(image_id) is not None
        config = self._store.images.config_bytes(image_id) if here else self._config(manifest)
        system = manifests.platform_of(config).os
        if system != "linux":
            raise InvalidParameter(f"cannot download image with operating system {system!r} when requesting 'linux'")
        diff_ids = manifests.diff_ids_of(config, len(manifest.layers))
        kept = {
            each.digest: ManifestRow(each.digest, each.media_type, each.content, image_id) for each in (found, manifest)
        }
        with self._store.layers.lease() as lease:
            chains = digests.chain_ids(diff_ids)
            if not here or any(lease.find(chain) is None for chain in chains):
                self._bring_layers(manifest, diff_ids, chains, lease, progress)
            self._cancellation.check()
            self._store.images.create(config, lease, names=sorted(names), manifests=list(kept.values()))
        return image_id

    def _config(self, manifest: Manifest) -> bytes:
        try:
            return self._repository.small_blob(manifest.config.digest, manifest.config.size)
        except Cancelled:
            raise
        except PydockError as error:
            error.message = f"error pulling image configuration: {error.message}"
            error.args = (error.message,)
            raise

    def _bring_layers(
        self, manifest: Manifest, diff_ids: Sequence[str], chains: Sequence[str], lease: Lease, progress: Progress
    ) -> None:
        """Download what is missing of the layers, bottom up, and put one on the other."""
        known = _present(chains, lease)
        for place, layer in enumerate(manifest.layers):
            progress.update(short_id(layer.digest), "Already exists" if place < known else "Pulling fs layer")
        for layer in manifest.layers[known + self._options.max_concurrent_downloads :]:
            progress.update(short_id(layer.digest), "Waiting")
        registry = self._repository.session.endpoint.url
        with self._under_way.claim(registry, lambda: chains[_present(chains, lease) :], self._cancellation):
            present = _present(chains, lease)
            for layer in manifest.layers[known:present]:  # brought by another pull meanwhile
                progress.update(short_id(layer.digest), "Pull complete")
            self._download_layers(manifest, diff_ids, chains, present, lease, progress)

    def _download_layers(
        self,
        manifest: Manifest,
        diff_ids: Sequence[str],
        chains: Sequence[str],
        present: int,
        lease: Lease,
        progress: Progress,
    ) -> None:
        """Download the layers above the lowest `present`."""
        parent = chains[present - 1] if present else ""
        with threads.begin(self._options.max_concurrent_downloads, "pull") as pool:
            try:
                under_way = [
                    threads.submit(pool, self._download, layer, diff_id, lease, progress)
                    for layer, diff_id in zip(manifest.layers[present:], diff_ids[present:], strict=True)
                ]
                for layer, unpacking in zip(manifest.layers[present:], under_way, strict=True):
                    parent = lease.add(unpacking.result(), parent).chain_id
                    progress.update(short_id(layer.digest), "Pull complete")
            except BaseException as error:
                self._cancellation.cancel()
                pool.shutdown(cancel_futures=True)
                raise self._failure or error from None

    def _download(self, layer: Descriptor, diff_id: str, lease: Lease, progress: Progress) -> Unpacked:
        try:
            self._cancellation.check()
            download = LayerDownload(layer, diff_id, self._repository, self._store.blobs, self._cancellation)
            return download.run(lease, progress, self._retries)
        except BaseException as error:
            # the first failure is the one to tell; it ends the other downloads, which then fail by that
            self._failure = self._failure or error
            self._cancellation.cancel()
            raise


def _present(chains: Sequence[str], lease: Lease) -> int:
    """How many of `chains`, from the lowest on, are here; they are held from now on."""
    return next((place for place, chain in enumerate(chains) if lease.find(chain) is None), len(chains))
