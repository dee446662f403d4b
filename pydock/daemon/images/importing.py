"""Import: an image out of a root file system in a tar, from the client or from a URL.

Called by the route ``POST /images/create?fromSrc=``.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydock.builder import changes
from pydock.daemon.images import composing, naming
from pydock.daemon.images.operation import Report, Work
from pydock.daemon.images.progress import Messages
from pydock.daemon.images.service import Images
from pydock.errors import InvalidParameter
from pydock.imagestore import images as store
from pydock.imagestore import platforms, threads
from pydock.imagestore.layers import Layers, Lease, Unpacked
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry.cancellation import Cancellation

_PACE = 0.1


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What an import is asked for; ``repository`` "" for no name, ``platform`` None for this machine's."""

    repository: str = ""
    tag: str = ""
    message: str = ""
    changes: Sequence[str] = ()
    platform: Platform | None = None


class Fetcher(Protocol):
    """Downloads what a URL names."""

    def fetch(self, url: str, target: int, progress: Callable[[int, int], None], cancellation: Cancellation) -> None:
        """Write it to descriptor `target`; tell the bytes so far and in all (0: unknown)."""


class Imports:
    """Makes images of tars."""

    def __init__(self, catalog: Images, images: store.Images, layers: Layers, fetcher: Fetcher) -> None:
        self._catalog = catalog
        self._images = images
        self._layers = layers
        self._fetcher = fetcher

    def from_body(self, request: ImportRequest, source: int) -> Work:
        """The work that imports what descriptor `source` gives."""
        complete = self._checked(request, "-")

        def work(report: Report, cancellation: Cancellation) -> None:
            with self._layers.lease() as lease:
                report({"status": self._enter(complete, lease, lease.unpack(source), cancellation)})

        return work

    def from_url(self, request: ImportRequest, url: str) -> Work:
        """The work that downloads `url` and imports it."""
        complete = self._checked(request, url)
        whole = url if "://" in url else f"http://{url}"

        def work(report: Report, cancellation: Cancellation) -> None:
            with self._layers.lease() as lease:
                unpacked = self._download(whole, lease, _Paced(whole, Messages(report)).update, cancellation)
                report({"status": self._enter(complete, lease, unpacked, cancellation)})

        return work

    def _download(
        self, url: str, lease: Lease, progress: Callable[[int, int], None], cancellation: Cancellation
    ) -> Unpacked:
        with threads.begin(1, "import") as thread:
            reading, writing = os.pipe2(os.O_CLOEXEC)

            def feed() -> None:
                try:
                    self._fetcher.fetch(url, writing, progress, cancellation)
                finally:
                    os.close(writing)

            fed = thread.submit(feed)
            try:
                unpacked = lease.unpack(reading)
            except BaseException:
                os.close(reading)
                reading = -1
                with contextlib.suppress(BrokenPipeError):
                    fed.result()  # why the download failed says more than that the tar ended early
                raise
            finally:
                if reading >= 0:
                    os.close(reading)
            with contextlib.suppress(BrokenPipeError):
                fed.result()
            return unpacked

    def _checked(self, request: ImportRequest, source: str) -> ImportRequest:
        """Refuse what can be refused before any byte is read."""
        if request.repository:
            naming.target(request.repository, request.tag)
        if request.platform is not None and request.platform.os != "linux":
            raise InvalidParameter("operating system is not supported")
        changes.apply({}, request.changes)
        return ImportRequest(
            request.repository,
            request.tag,
            request.message or f"Imported from {source}",
            request.changes,
            request.platform or platforms.host(),
        )

    def _enter(self, request: ImportRequest, lease: Lease, unpacked: Unpacked, cancellation: Cancellation) -> str:
        cancellation.check()
        lease.add(unpacked, "")
        run_config = changes.apply({}, request.changes)
        now = time.time_ns()
        config = composing.imported(
            request.platform or platforms.host(), run_config, unpacked.diff_id, request.message, now
        )
        name = naming.target(request.repository, request.tag) if request.repository else ""
        names, tagged_at = ((name,), now) if name else ((), 0)
        image = self._images.create(config, lease, names=names, tagged_at=tagged_at)
        if name:
            self._catalog.announce("tag", image.id, naming.familiar(name))
        self._catalog.announce("import", image.id)
        return image.id


class _Paced:
    """The messages of a download: where from, then how far."""

    def __init__(self, url: str, messages: Messages) -> None:
        self._messages = messages
        self._url = url
        self._next = 0.0

    def update(self, done: int, total: int) -> None:
        if self._url:
            self._messages.say(f"Downloading from {self._url}")
            self._url = ""
        now = time.monotonic()
        if now >= self._next or done == total:
            self._next = now + _PACE
            self._messages.update("", "Importing", done, total)
