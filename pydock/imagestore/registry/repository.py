"""One repository of a registry: manifests, tags and blobs, as the distribution API has them.

Used by pull, push and distribution.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from pydock.errors import InvalidParameter, PydockError, System
from pydock.imagestore import digest as digests
from pydock.imagestore import image_config
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.faults import RegistryFault, Unreachable, asked_by
from pydock.imagestore.registry.session import Scopes, Session, fault_of
from pydock.imagestore.registry.transport import Answer

T = TypeVar("T")

#: how often something small is asked for, and the first pause between, in seconds; it doubles
ATTEMPTS = 5
FIRST_PAUSE = 0.25
#: bounds for a list of tags: pages, and bytes of one
MAX_PAGES = 10_000
MAX_PAGE = 4 << 20
MAX_TAGS = 100_000
_MAX_TAG = 128


@dataclass(frozen=True, slots=True)
class Fetched:
    """A manifest as it came: its bytes, their digest, and what the header says that they are."""

    content: bytes
    digest: str
    header: str


class Repository:
    """A repository at one endpoint, with what one may do there (``pull`` or ``pull,push``)."""

    def __init__(self, session: Session, path: str, cancellation: Cancellation, actions: str = "pull") -> None:
        self.session = session
        self.path = path
        self.scopes: Scopes = (f"repository:{path}:{actions}",)
        self._cancellation = cancellation

    def url(self, rest: str) -> str:
        """The URL of something in the repository."""
        return f"/v2/{self.path}/{rest}"

    def manifest(self, reference: str) -> Fetched:
        """Get the manifest of a tag or a digest; what a digest names is verified."""
        try:
            return self._patiently(lambda: self._manifest(reference))
        except PydockError as error:
            # Docker asks for the digest of a tag before it gets the manifest
            raise asked_by(error, "Get" if ":" in reference else "Head") from None

    def _manifest(self, reference: str) -> Fetched:
        with self.session.request(
            "GET", self.url(f"manifests/{quote(reference, ':')}"), self.scopes, {"Accept": manifests.ACCEPT}
        ) as answer:
            if answer.status != 200:
                raise fault_of(answer)
            content = answer.read(manifests.MAX_MANIFEST)
            actual = digests.of(content)
            claimed = digests.parse(reference) if ":" in reference else answer.header("Docker-Content-Digest")
            if digests.is_digest(claimed) and claimed != actual:
                raise System(f"manifest verification failed for digest {claimed}")
            return Fetched(content, actual, answer.header("Content-Type"))

    def manifest_digest(self, reference: str) -> str:
        """Ask for the digest of a tag's manifest without getting it; "" where the registry does not tell."""
        with self.session.request(
            "HEAD", self.url(f"manifests/{quote(reference, ':')}"), self.scopes, {"Accept": manifests.ACCEPT}
        ) as answer:
            claimed = answer.header("Docker-Content-Digest")
            return claimed if answer.status == 200 and digests.is_digest(claimed) else ""

    def tags(self) -> list[str]:
        """Every tag, page by page."""
        found: list[str] = []
        url = self.url("tags/list")
        for _ in range(MAX_PAGES):
            with self.session.request("GET", url, self.scopes) as answer:
                if answer.status != 200:
                    raise fault_of(answer)
                found += _tags(answer.read(MAX_PAGE))
                if len(found) > MAX_TAGS:
                    raise InvalidParameter(f"too many tags: the limit is {MAX_TAGS}")
                following = _next(answer.header("Link"))
                if not following:
                    return found
                url = self.url("tags/list") + following if following.startswith("?") else following
        raise InvalidParameter("the list of tags does not end")

    def blob(self, digest: str, offset: int = 0) -> Answer:
        """Begin to get a blob, from `offset` on where the server can (206), from its beginning otherwise (200)."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self.session.request("GET", self.url(f"blobs/{digest}"), self.scopes, headers)
        if answer.status == 206 and offset and _range_start(answer.header("Content-Range")) == offset:
            return answer
        if answer.status == 200:
            return answer
        with answer:
            if answer.status == 206:
                raise Unreachable(f"blob {digest}: the registry sent another range than it was asked for")
            raise fault_of(answer)

    def small_blob(self, digest: str, size: int) -> bytes:
        """Get a blob of `size` bytes, whole and verified."""

        def get() -> bytes:
            with self.blob(digest) as answer:
                content = answer.read(size)
            if digests.of(content) != digest:
                raise System(f"image config verification failed for digest {digest}")
            return content

        return self._patiently(get)

    def _patiently(self, get: Callable[[], T]) -> T:
        """Try again what may go better the next time."""
        pause = FIRST_PAUSE
        for attempt in range(ATTEMPTS):
            try:
                return get()
            except (RegistryFault, Unreachable) as error:
                if attempt + 1 == ATTEMPTS or not worth_retrying(error):
                    raise
            self._cancellation.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")


def worth_retrying(error: PydockError) -> bool:
    """Whether the same request may go better the next time."""
    return isinstance(error, (RegistryFault, Unreachable)) and not error.final and not _asks_to_wait(error)


def _asks_to_wait(error: PydockError) -> bool:
    return isinstance(error, RegistryFault) and error.status == 429


def _tags(page: bytes) -> list[str]:
    value = image_config.parse_json(page, "invalid list of tags")
    tags = value.get("tags") or [] if isinstance(value, dict) else None
    if not isinstance(tags, list):
        raise InvalidParameter("invalid list of tags: it is none")
    # a longer text is no tag, and many of them would take all memory
    return [tag for tag in tags if isinstance(tag, str) and len(tag) <= _MAX_TAG]


def _next(link: str) -> str:
    target, _, parameters = link.partition(">")
    return target.strip().removeprefix("<") if 'rel="next"' in parameters or "rel=next" in parameters else ""


def _range_start(value: str) -> int:
    first = value.removeprefix("bytes ").partition("-")[0].strip()
    return int(first) if first.isdigit() else -1
