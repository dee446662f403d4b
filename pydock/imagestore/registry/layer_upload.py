"""One blob on its way out: looked for where it goes, mounted from a neighbouring repository, or uploaded.

Used by push.
"""

import contextlib
import os
from collections.abc import Sequence

from pydock.errors import PydockError
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.faults import MAX_ERROR_BODY, Unreachable
from pydock.imagestore.registry.progress import Meter, Progress
from pydock.imagestore.registry.repository import Repository, worth_retrying
from pydock.imagestore.registry.retries import Retries
from pydock.imagestore.registry.session import fault_of
from pydock.imagestore.registry.transport import Body


class Reading:
    """A blob as a request's body: read from a descriptor of its own position, its progress told."""

    def __init__(self, descriptor: int, size: int, meter: Meter | None, cancellation: Cancellation) -> None:
        self._descriptor = descriptor
        self._size = size
        self._meter = meter
        self._cancellation = cancellation
        self._offset = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        self._cancellation.check()
        data = os.pread(self._descriptor, max(0, size) or 1 << 16, self._offset)
        self._offset += len(data)
        if self._meter is not None:
            self._meter.at(min(self._offset, self._size))
        return data


class Uploads:
    """Uploads into one repository."""

    def __init__(self, repository: Repository, cancellation: Cancellation, retries: Retries) -> None:
        self._repository = repository
        self._cancellation = cancellation
        self._retries = retries

    def exists(self, digest: str) -> bool:
        """Whether the repository has the blob."""
        with self._repository.session.request(
            "HEAD", self._repository.url(f"blobs/{digest}"), self._repository.scopes
        ) as answer:
            if answer.status not in (200, 404):
                raise fault_of(answer)
            return answer.status == 200

    def put(self, digest: str, content: bytes) -> None:
        """Upload something small, unless it is there."""
        if not self.exists(digest):
            self._send(self._begin(), digest, content, len(content))

    def upload(
        self, id: str, digest: str, descriptor: int, size: int, neighbours: Sequence[str], progress: Progress
    ) -> None:
        """Have the blob in the repository, telling how under `id`; `neighbours` may have it too."""
        if self.exists(digest):
            progress.update(id, "Layer already exists")
            return
        location = ""
        for neighbour in neighbours:
            location = self._mount(digest, neighbour)
            if not location:
                progress.update(id, f"Mounted from {neighbour}")
                return
        for attempt in range(1, self._retries.attempts + 1):
            try:
                body = Reading(descriptor, size, Meter(progress, id, "Pushing", size), self._cancellation)
                self._send(location or self._begin(), digest, body, size)
                progress.update(id, "Pushed")
                return
            except PydockError as error:
                self._cancellation.check()
                if attempt == self._retries.attempts or not worth_retrying(error):
                    raise
                location = ""
            self._retries.pause(id, attempt, progress, self._cancellation)

    def _begin(self) -> str:
        """Begin an upload; return where it goes on."""
        with self._repository.session.request(
            "POST", self._repository.url("blobs/uploads/"), self._repository.scopes, {"Content-Length": "0"}, b""
        ) as answer:
            if answer.status != 202 or not answer.header("Location"):
                raise fault_of(answer)
            return self._located(answer.header("Location"))

    def _mount(self, digest: str, neighbour: str) -> str:
        """Ask for the blob of another repository; return "" where it was given, where to upload to otherwise."""
        url = self._repository.url(f"blobs/uploads/?mount={digest}&from={neighbour}")
        scopes = (*self._repository.scopes, f"repository:{neighbour}:pull")
        with self._repository.session.request("POST", url, scopes, {"Content-Length": "0"}, b"") as answer:
            if answer.status == 201:
                return ""
            if answer.status == 202 and answer.header("Location"):
                return self._located(answer.header("Location"))
        # it may not be ours to read: that is no reason not to upload
        return self._begin()

    def _send(self, location: str, digest: str, body: bytes | Body, size: int) -> None:
        """Upload `body` in one piece and close the upload; one that fails is taken back."""
        try:
            location = self._patch(location, body, size)
            self._close(location, digest)
        except PydockError:
            self._abandon(location)
            raise

    def _patch(self, location: str, body: bytes | Body, size: int) -> str:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with self._repository.session.request("PATCH", location, self._repository.scopes, headers, body) as answer:
            if answer.status not in (202, 204):
                raise fault_of(answer)
            return self._located(answer.header("Location") or location)

    def _close(self, location: str, digest: str) -> None:
        closing = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        with self._repository.session.request(
            "PUT", closing, self._repository.scopes, {"Content-Length": "0"}, b""
        ) as answer:
            if answer.status != 201:
                raise fault_of(answer)

    def _abandon(self, location: str) -> None:
        """Have the registry forget an upload; it does so by itself some day, so nothing is made of a failure."""
        with (
            contextlib.suppress(PydockError),
            self._repository.session.request("DELETE", location, self._repository.scopes) as answer,
        ):
            answer.read(MAX_ERROR_BODY)

    def _located(self, location: str) -> str:
        if location.startswith("/"):
            return location
        if "://" not in location:
            raise Unreachable(f"the registry sent an upload to {location[:100]!r}", final=True)
        return location


def put_manifest(repository: Repository, reference: str, content: bytes, media_type: str) -> None:
    """Enter a manifest under a tag."""
    headers = {"Content-Type": media_type}
    with repository.session.request(
        "PUT", repository.url(f"manifests/{reference}"), repository.scopes, headers, content
    ) as answer:
        if answer.status not in (200, 201, 202):
            raise fault_of(answer)
