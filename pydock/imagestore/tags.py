"""Names of images: ``docker.io/library/busybox:latest`` and ``docker.io/library/busybox@sha256:...``.

A name is a key here, in the full form that `imagestore.reference` gives.  All are in memory; what changes is durable
when the call returns.  Used by the daemon's image service.
"""

import threading
from collections.abc import Sequence

from pydock.imagestore.index import ImageIndex


class Tags:
    """Which image each name stands for.  Reading never waits."""

    def __init__(self, index: ImageIndex) -> None:
        self._index = index
        #: held while names or images change, so that memory and index change in the same order
        self.lock = threading.RLock()
        self._images: dict[str, str] = {}
        #: the values are replaced, never changed, so that they can be read without the lock
        self._names: dict[str, tuple[str, ...]] = {}
        for name, image_id in index.names():
            self._put(name, image_id)

    def find(self, name: str) -> str | None:
        """Return the ID of the image that has `name`."""
        return self._images.get(name)

    def of(self, image_id: str) -> list[str]:
        """Return the names of an image, sorted."""
        return list(self._names.get(image_id, ()))

    def all(self) -> dict[str, str]:
        """Return the image ID of each name."""
        return self._images.copy()

    def set(self, name: str, image_id: str, tagged_at: int = 0) -> None:
        """Give `name` to an image; `tagged_at` is noted with the image, 0 is not."""
        with self.lock:
            self._index.set_name(name, image_id, tagged_at)
            self.entered((name,), image_id)

    def remove(self, *names: str) -> None:
        """Forget names."""
        with self.lock:
            self._index.remove_names(names)
            for name in names:
                self._drop(name)

    def entered(self, names: Sequence[str], image_id: str) -> None:
        """Note what `Images.create` has entered."""
        for name in names:
            self._put(name, image_id)

    def image_removed(self, image_id: str) -> None:
        """Note what went with an image (`Images.remove`)."""
        for name in self.of(image_id):
            self._drop(name)

    def _put(self, name: str, image_id: str) -> None:
        self._drop(name)
        self._images[name] = image_id
        self._names[image_id] = tuple(sorted((*self._names.get(image_id, ()), name)))

    def _drop(self, name: str) -> None:
        image_id = self._images.pop(name, None)
        if image_id is not None:
            rest = tuple(other for other in self._names[image_id] if other != name)
            if rest:
                self._names[image_id] = rest
            else:
                del self._names[image_id]
