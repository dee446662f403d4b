"""Load, as the API has it: an archive's bytes in, progress and names out, events published.

Called by the route ``POST /images/load``.
"""

import time
from collections.abc import Sequence

from pydock.daemon.images import naming
from pydock.daemon.images.operation import Report, Work
from pydock.daemon.images.progress import Messages
from pydock.daemon.images.service import Images
from pydock.imagestore import archive_load
from pydock.imagestore import images as store
from pydock.imagestore.layers import Layers
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.tags import Tags

#: seconds between two messages about a layer; nobody reads faster
_PACE = 0.1


class Loads:
    """Loads images from archives."""

    def __init__(self, catalog: Images, images: store.Images, tags: Tags, layers: Layers) -> None:
        self._catalog = catalog
        self._images = images
        self._tags = tags
        self._layers = layers

    def begin(self, source: int, quiet: bool, platform: Platform | None) -> Work:
        """The work that loads what descriptor `source` gives; the caller closes that when the work has ended."""

        def work(report: Report, cancellation: Cancellation) -> None:
            messages = Messages(report)
            before = self._tags.all()
            loaded = archive_load.load(
                source,
                self._layers,
                self._images,
                naming.tagged,
                platform,
                None if quiet else _Paced(messages).update,
                cancellation.check,
            )
            self._tell(loaded, before, report)

        return work

    def _tell(self, loaded: Sequence[archive_load.Loaded], before: dict[str, str], report: Report) -> None:
        named = False
        for one in loaded:
            for name in one.names:
                short = naming.familiar(name)
                had = before.get(name)
                if had is not None and had != one.image.id:
                    report({"stream": _ALREADY.format(short, had)})
                report({"stream": f"Loaded image: {short}\n"})
                named = True
            self._catalog.announce("load", one.image.id)
        if not loaded:
            report({})  # Docker's word for it: the client shows an empty line
        if not named:
            for one in loaded:
                report({"stream": f"Loaded image ID: {one.image.id}\n"})


class _Paced:
    """Progress of layers, slow enough to be read."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._next = 0.0

    def update(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next or done >= total:
            self._next = now + _PACE
            self._messages.update(what[:12], "Loading layer", done, total)


_ALREADY = "The image {} already exists, renaming the old one with ID {} to empty string\n"
