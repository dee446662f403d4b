"""Save: images as a tar that docker, podman and skopeo read (OCI layout with Docker's manifest.json beside it).

Used by the daemon's image service.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydock.imagestore.images import Image, Images
from pydock.imagestore.layers import Layers


@dataclass(frozen=True, slots=True)
class Choice:
    """An image to save, and the names to save it under: full ones, as `Tags` has them, with the short form to write."""

    image: Image
    names: tuple[tuple[str, str], ...] = ()


def save(choices: Sequence[Choice], layers: Layers, images: Images, target: int) -> None:
    """Write the archive of `choices` to descriptor `target`; each layer once.  Blocks; runs in a worker."""
    raise NotImplementedError
