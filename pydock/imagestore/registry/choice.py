"""Which manifest of an index is wanted.  Used by pull and distribution."""

from collections.abc import Callable

from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore.platforms import Platform, rank
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.manifests import Descriptor, Index, Manifest
from pydock.imagestore.registry.repository import Fetched

#: how many manifests an index may make us fetch until one fits
MAX_FETCHED = 16


class NoMatch(NotFound):
    """An index has nothing for the platform."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(f"no matching manifest for {platform} in the manifest list entries")


def choose(
    found: Manifest | Index, platform: Platform, fetch: Callable[[str], Fetched], name: str, depth: int = 1
) -> Manifest:
    """Return the manifest that serves `platform` best, going down into indexes; NoMatch where there is none."""
    if isinstance(found, Manifest):
        return found
    if depth > manifests.MAX_NESTING:
        raise InvalidParameter(f"index {found.digest}: nested too deeply")
    for entry in _serving(found, platform)[:MAX_FETCHED]:
        fetched = fetch(entry.digest)
        try:
            return choose(manifests.parse(fetched.content, fetched.header, name), platform, fetch, name, depth + 1)
        except NoMatch:
            continue
    raise NoMatch(platform)


def _serving(index: Index, platform: Platform) -> list[Descriptor]:
    """The entries to try, the best first; those that don't say what they are for come last."""
    ranked = []
    for entry in index.manifests:
        if entry.attestation or entry.media_type not in manifests.MANIFESTS | manifests.INDEXES:
            continue
        place = 1000 if entry.platform is None else rank(platform, entry.platform)
        if place >= 0:
            ranked.append((place, entry))
    return [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]
