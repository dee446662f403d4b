"""Names of images: ``docker.io/library/busybox:latest`` and ``docker.io/library/busybox@sha256:...``.

A name is a key here, in the full form that `registry.reference` gives.  Used by the daemon's image service.
"""

from pydock.imagestore.index import ImageIndex


class Tags:
    """Which image each name stands for."""

    def __init__(self, index: ImageIndex) -> None:
        raise NotImplementedError

    def find(self, name: str) -> str | None:
        """Return the ID of the image that has `name`."""
        raise NotImplementedError

    def of(self, image_id: str) -> list[str]:
        """Return the names of an image, sorted."""
        raise NotImplementedError

    def all(self) -> dict[str, str]:
        """Return the image ID of each name."""
        raise NotImplementedError

    def last_set(self, image_id: str) -> int:
        """Return when a name was last given to the image, in nanoseconds since the epoch; 0 for never."""
        raise NotImplementedError

    def set(self, name: str, image_id: str) -> str | None:
        """Give `name` to an image; return the one that had it."""
        raise NotImplementedError

    def remove(self, *names: str) -> None:
        """Forget names."""
        raise NotImplementedError
