"""One blob on its way out: looked for where it goes, mounted from a neighbouring repository, or uploaded.

An upload that broke off goes on where it stopped, if the registry says where that was; else it begins anew.  Used by
push.
"""

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydock.errors import PydockError
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.faults import MAX_ERROR_BODY, RegistryFault, Unreachable
from pydock.imagestore.registry.progress import Meter, Progress
from pydock.imagestore.registry.repository import Repository, worth_retrying
from pydock.imagestore.registry.retries import Retries
from pydock.imagestore.registry.session import fault_of
from pydock.imagestore.registry.transport import Body

#: answers to the rest of an upload that find fault with its beginning
_REFUSALS: Final = frozenset((400, 404, 416))
#: what an upload's Range header says: the place of the last byte that is there
_RANGE: Final = re.compile(r"(?:bytes=)?0-(\d{1,18})")


class Reading:
    """A blob as a request's body: read from `offset` of a descriptor on, its progress told."""

    def __init__(self, descriptor: int, offset: int, size: int, meter: Meter, cancellation: Cancellation) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._size = size
        self._meter = meter
        self._cancellation = cancellation

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        self._cancellation.check()
        data = os.pread(self._descriptor, max(0, size) or 1 << 16, self._offset)
        self._offset += len(data)
        self._meter.at(min(self._offset, self._size))
        return data


@dataclass(slots=True)
class _UnderWay:
    """An upload: where it goes on ("" before it was begun), and from which byte on."""

    location: str = ""
    offset: int = 0
    #: a request about it failed: what the registry has of it is not known
    broken: bool = False
    #: it failed once because nobody knew us: the token had run out while the bytes went
    unknown: bool = False


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
            location = self._begin()
            try:
                self._close(self._patch(location, content, 0, len(content)), digest)
            except PydockError:
                self._abandon(location)
                raise

    def upload(
        self, id: str, digest: str, descriptor: int, size: int, neighbours: Sequence[str], progress: Progress
    ) -> None:
        """Have the blob in the repository, telling how under `id`; `neighbours` may have it too."""
        if self.exists(digest):
            progress.update(id, "Layer already exists")
            return
        under_way = _UnderWay()
        for neighbour in neighbours:
            under_way.location = self._mount(digest, neighbour)
            if not under_way.location:
                progress.update(id, f"Mounted from {neighbour}")
                return
        for attempt in range(1, self._retries.attempts + 1):
            try:
                if self._goes_on(under_way, digest, size):
                    meter = Meter(progress, id, "Pushing", size)
                    body = Reading(descriptor, under_way.offset, size, meter, self._cancellation)
                    self._send(under_way, digest, size, body)
                progress.update(id, "Pushed")
                return
            except PydockError as error:
                under_way.broken = True
                at_once = isinstance(error, RegistryFault) and error.status == 401 and not under_way.unknown
                another = at_once or worth_retrying(error)
                if self._cancellation.cancelled or attempt == self._retries.attempts or not another:
                    self._abandon(under_way.location)
                    self._cancellation.check()
                    raise
                under_way.unknown |= at_once
            if not at_once:
                self._retries.pause(id, attempt, progress, self._cancellation)

    def _goes_on(self, under_way: _UnderWay, digest: str, size: int) -> bool:
        """Find out where an upload goes on, or begin it; False where all of it has come, and only the answer not."""
        if under_way.broken:
            if self.exists(digest):
                return False
            if under_way.location:
                under_way.location, under_way.offset = self._standing(under_way.location, size)
        if not under_way.location:
            under_way.location, under_way.offset = self._begin(), 0
        under_way.broken = False
        return True

    def _standing(self, location: str, size: int) -> tuple[str, int]:
        """Ask how much of an upload the registry has; return where it goes on, "" and 0 where it can't."""
        with self._repository.session.request("GET", location, self._repository.scopes) as answer:
            if answer.status >= 500:
                raise fault_of(answer)
            said = _RANGE.fullmatch(answer.header("Range")) if answer.status == 204 else None
            following = answer.header("Location") or location
        # "0-0" may be a byte or none
        offset = int(said[1]) + 1 if said else 0
        if 1 < offset <= size:
            return self._located(following), offset
        self._abandon(location)
        return "", 0

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

    def _send(self, under_way: _UnderWay, digest: str, size: int, body: Reading) -> None:
        """Upload what is left, in one piece, and close the upload."""
        resumed = under_way.offset
        try:
            if under_way.offset < size or not size:
                under_way.location = self._patch(under_way.location, body, under_way.offset, size)
                under_way.offset = size
            self._close(under_way.location, digest)
        except RegistryFault as fault:
            if fault.status == 404 and self.exists(digest):
                return  # it was closed before, but the answer to that did not arrive
            if not resumed or fault.status not in _REFUSALS:
                raise
            # the registry does not take what it said that it would: the whole may do better
            self._abandon(under_way.location)
            under_way.location, under_way.offset = "", 0
            raise Unreachable(fault.message) from None

    def _patch(self, location: str, body: bytes | Body, offset: int, size: int) -> str:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - offset)}
        if offset:
            headers["Content-Range"] = f"{offset}-{size - 1}"
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
        if not location:
            return
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
