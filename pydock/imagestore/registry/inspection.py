"""What a registry has under a name, without pulling it.  Used by the daemon's service of registry queries."""

from dataclasses import dataclass

from pydock.errors import PydockError
from pydock.imagestore.platforms import Platform
from pydock.imagestore.reference import Reference
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.faults import classified
from pydock.imagestore.registry.manifests import Descriptor, Index, Manifest
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.reach import first
from pydock.imagestore.registry.repository import Repository
from pydock.imagestore.registry.session import Session


@dataclass(frozen=True, slots=True)
class Inspected:
    """A manifest in a registry, and the platforms that it serves."""

    descriptor: Descriptor
    platforms: tuple[Platform, ...]


def inspect(
    reference: Reference, credentials: Credentials, options: RegistryOptions, cancellation: Cancellation
) -> Inspected:
    """Look at the manifest of `reference` (with a tag or a digest).  Blocks."""

    def attempt(session: Session, inner: Cancellation) -> Inspected:
        repository = Repository(session, reference.path, inner)
        fetched = repository.manifest(reference.digest or reference.tag)
        found = manifests.parse(fetched.content, fetched.header, str(reference))
        return Inspected(
            Descriptor(found.media_type, found.digest, len(found.content)), tuple(_platforms(found, repository))
        )

    try:
        return first(reference.domain, credentials, options, cancellation, attempt)
    except PydockError as error:
        cancellation.check()
        raise classified(error) from error


def _platforms(found: Manifest | Index, repository: Repository) -> list[Platform]:
    if isinstance(found, Index):
        return [entry.platform for entry in found.manifests if entry.platform is not None]
    try:
        return [manifests.platform_of(repository.small_blob(found.config.digest, found.config.size))]
    except Cancelled:
        raise
    except PydockError:
        return []  # as in Docker: the platform is told where it can be found out
