"""The parts of the image store that pull and push work with; put together by the daemon's wiring."""

from dataclasses import dataclass

from pydock.imagestore.blobs import Blobs
from pydock.imagestore.images import Images
from pydock.imagestore.layers import Layers
from pydock.imagestore.tags import Tags


@dataclass(frozen=True, slots=True)
class Store:
    """The parts of the image store that registries are in touch with."""

    blobs: Blobs
    layers: Layers
    images: Images
    tags: Tags
