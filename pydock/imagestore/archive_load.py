"""Load: images out of a `docker save` archive or an OCI layout in a tar, in one pass, all or nothing.

Used by the daemon's image service.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydock.imagestore.images import Image, Images
from pydock.imagestore.layers import Layers


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image that an archive brought, and the names it now has."""

    image: Image
    names: tuple[str, ...]


def load(
    source: int,
    layers: Layers,
    images: Images,
    normalize: Callable[[str], str],
    platform: Callable[[dict[str, str]], bool] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Sequence[Loaded]:
    """Load every image of the archive that descriptor `source` gives (compressed or not; a pipe will do).

    `normalize` turns a name of the archive into the full form, or raises InvalidParameter.  `platform` chooses among
    the manifests of an index.  `progress` gets (what, bytes so far, bytes in all or 0) for each layer.  Blocks.
    """
    raise NotImplementedError
