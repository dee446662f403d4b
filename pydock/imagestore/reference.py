"""Image references, parsed and normalised exactly as Docker does it.

``busybox`` means ``docker.io/library/busybox:latest``; what the user sees again is the short ("familiar") form.
Used wherever a name of an image comes in: routes, services, tags, the registry client.  The grammar is that of
distribution/reference.
"""

import re
from dataclasses import dataclass, replace

from pydock.errors import InvalidParameter

DEFAULT_DOMAIN = "docker.io"
LEGACY_DOMAIN = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
#: longest repository path, in characters, without its domain
MAX_PATH = 255
#: no reference can be longer: domain, path, tag and digest at their longest
MAX_REFERENCE = 1024

_ALPHANUMERIC = r"[a-z0-9]+"
_COMPONENT = rf"{_ALPHANUMERIC}(?:(?:\.|__?|-+){_ALPHANUMERIC})*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
_TAG = r"[\w][\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<domain>{_HOST}(?::[0-9]+)?)/(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", re.ASCII
)
_TAG_ONLY = re.compile(_TAG, re.ASCII)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    """A normalised name of a repository, with the tag, the digest, both or neither that came with it."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The full name of the repository: ``docker.io/library/busybox``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The name of the repository as users write it: ``busybox``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        rest = self.path.removeprefix(OFFICIAL_PREFIX)
        return self.path if "/" in rest else rest

    @property
    def familiar(self) -> str:
        """The reference as users write it: ``busybox:latest``."""
        return self.familiar_name + self._suffix()

    @property
    def name_only(self) -> bool:
        """Whether there is neither tag nor digest."""
        return not (self.tag or self.digest)

    def with_default_tag(self) -> "Reference":
        """The same reference, with the tag ``latest`` where it has neither tag nor digest."""
        return replace(self, tag=DEFAULT_TAG) if self.name_only else self

    def with_tag(self, tag: str) -> "Reference":
        """The repository at `tag`; raise InvalidParameter where that is no tag."""
        if not _TAG_ONLY.fullmatch(tag):
            raise InvalidParameter("invalid tag format")
        return Reference(self.domain, self.path, tag)

    def with_digest(self, digest: str) -> "Reference":
        """The repository at `digest`; raise InvalidParameter where that is no digest."""
        validate_digest(digest)
        return Reference(self.domain, self.path, "", digest)

    def __str__(self) -> str:
        return self.name + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Normalise a reference that a user wrote; raise InvalidParameter in Docker's words."""
    if len(text) > MAX_REFERENCE:
        raise InvalidParameter("invalid reference format")
    if _IDENTIFIER.fullmatch(text):
        raise InvalidParameter(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split_domain(text)
    remote = remainder.partition(":")[0]
    if remote.lower() != remote:
        raise InvalidParameter(f"invalid reference format: repository name ({remote}) must be lowercase")
    match = _REFERENCE.fullmatch(f"{domain}/{remainder}")
    if match is None:
        raise InvalidParameter("invalid reference format")
    if len(match["path"]) > MAX_PATH:
        raise InvalidParameter(f"repository name must not be more than {MAX_PATH} characters")
    if match["digest"]:
        validate_digest(match["digest"])
    return Reference(match["domain"], match["path"], match["tag"] or "", match["digest"] or "")


def is_identifier(text: str) -> bool:
    """Whether `text` is a whole image ID, which no name can be."""
    return _IDENTIFIER.fullmatch(text.removeprefix("sha256:")) is not None


def validate_digest(digest: str) -> None:
    """Raise InvalidParameter unless `digest` is ``algorithm:hex`` of an algorithm that is known."""
    algorithm, _, value = digest.partition(":")
    if not re.fullmatch(r"[a-z0-9+._-]+:[a-zA-Z0-9=_-]+", digest):
        raise InvalidParameter("invalid checksum digest format")
    if algorithm not in _HEX_LENGTHS:
        raise InvalidParameter("unsupported digest algorithm")
    if len(value) != _HEX_LENGTHS[algorithm]:
        raise InvalidParameter("invalid checksum digest length")
    if not re.fullmatch(r"[a-f0-9]+", value):
        raise InvalidParameter("invalid checksum digest format")


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, OFFICIAL_PREFIX + text
    if first == LEGACY_DOMAIN:
        first = DEFAULT_DOMAIN
    elif not (first == "localhost" or "." in first or ":" in first or first.lower() != first):
        first, rest = DEFAULT_DOMAIN, text
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = OFFICIAL_PREFIX + rest
    return first, rest
