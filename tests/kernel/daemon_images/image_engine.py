"""The image services over a store of their own, without HTTP and without containers."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydock.daemon.config import Config
from pydock.daemon.core import Core
from pydock.daemon.events import Events
from pydock.daemon.images.listing import ListOptions
from pydock.daemon.images.operation import Work
from pydock.daemon.images.users import CommitSource, ImageUse
from pydock.daemon.state.database import Database
from pydock.daemon.wiring import images as wiring
from pydock.errors import NotFound
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.runtime.zygote_process import Zygote


class Heard(Events):
    """Events that are kept as (kind, action, id, attributes)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, dict[str, str]]] = []

    def publish(self, kind: str, action: str, id: str, attributes: Mapping[str, str] | None = None) -> None:
        """Keep it."""
        self.told.append((kind, action, id, dict(attributes or {})))

    def actions(self) -> list[str]:
        """What happened to images."""
        return [action for kind, action, _, _ in self.told if kind == "image"]


class FakeUsers:
    """Containers as images see them."""

    def __init__(self) -> None:
        self.uses: list[ImageUse] = []
        self.sources: dict[str, CommitSource] = {}
        self.paused: list[bool] = []

    def image_uses(self) -> Sequence[ImageUse]:
        """See `ImageUsers`."""
        return self.uses

    @contextlib.contextmanager
    def committing(self, reference: str, pause: bool) -> Iterator[CommitSource]:
        """See `ImageUsers`."""
        self.paused.append(pause)
        if reference not in self.sources:
            raise NotFound(f"No such container: {reference}")
        yield self.sources[reference]


class ImageEngine:
    """The services with short cuts."""

    def __init__(self, root: Path, zygote: Zygote) -> None:
        self.root = root
        self.events = Heard()
        self.users = FakeUsers()
        self._database = Database(root / "pydock.db", wiring.STEPS)
        core = Core(Config(data_root=root, exec_root=root), self._database, self.events, zygote)
        self.services = wiring.build(core)
        self.services.users.join(self.users)
        self.catalog = self.services.catalog
        self.store = self.services.store
        self.removal = self.services.removal

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def load(self, archive: bytes, quiet: bool = True, platform: Platform | None = None) -> list[dict[str, Any]]:
        """Load an archive from a pipe; return the messages."""
        reading, writing = os.pipe()

        def feed() -> None:
            with contextlib.suppress(BrokenPipeError), open(writing, "wb") as pipe:
                pipe.write(archive)

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            return run(self.services.loads.begin(reading, quiet, platform))
        finally:
            os.close(reading)
            thread.join()

    def loaded(self, archive: bytes) -> list[str]:
        """Load an archive; return what it says to have loaded."""
        return [message["stream"].strip() for message in self.load(archive) if "stream" in message]

    def saved(self, *names: str, platform: Platform | None = None) -> bytes:
        """Save images; return the archive."""
        with tempfile.TemporaryFile() as file:
            self.services.saves.begin(names, platform)(file.fileno())
            file.seek(0)
            return file.read()

    def names(self) -> dict[str, str]:
        """The image of each name."""
        return self.store.tags.all()

    def listed(self, **filters: list[str]) -> list[dict[str, Any]]:
        """The list of images."""
        return self.catalog.select(ListOptions({key.replace("_", "!"): value for key, value in filters.items()}))

    def directories(self) -> list[str]:
        """What there is of layers on disk."""
        overlay = self.root / "overlay2"
        return sorted(name for name in os.listdir(overlay) if len(name) == 64)


def run(work: Work, cancellation: Cancellation | None = None) -> list[dict[str, Any]]:
    """Do the work of a service; return its messages."""
    messages: list[dict[str, Any]] = []
    work(lambda message: messages.append(dict(message)), cancellation or Cancellation())
    return messages
