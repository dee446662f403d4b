"""Image references as the client needs them: parsed, completed with `:latest`, shown short.

Docker's grammar without regular expressions, since `run` parses one each time.  Called by the image and run commands.
"""

from pydock.errors import InvalidParameter

DEFAULT_DOMAIN, LEGACY_DOMAIN, OFFICIAL = "docker.io", "index.docker.io", "library/"
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_HEX = frozenset("0123456789abcdef")


class Reference:
    """A domain, a path in it, and a tag or a digest or both or neither."""

    __slots__ = ("digest", "domain", "path", "tag")

    def __init__(self, domain: str, path: str, tag: str = "", digest: str = "") -> None:
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest

    @property
    def name(self) -> str:
        """`docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """`busybox`: what users write."""
        if self.domain == DEFAULT_DOMAIN:
            return self.path.removeprefix(OFFICIAL) if self.path.count("/") == 1 else self.path
        return self.name

    @property
    def familiar(self) -> str:
        """The name as users write it, with tag and digest."""
        return self.familiar_name + self._suffix()

    @property
    def full(self) -> str:
        """The whole name, with tag and digest."""
        return self.name + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def tagged(self) -> "Reference":
        """The same with `latest`, where there is neither tag nor digest."""
        if self.tag or self.digest:
            return self
        return Reference(self.domain, self.path, "latest")


def is_identity(text: str) -> bool:
    """Whether `text` is an image's ID, with or without its algorithm, and no name."""
    return (len(text) == 64 and _HEX.issuperset(text)) or _is_digest(text)


def parse(text: str) -> Reference:
    """The reference that `text` names; InvalidParameter with Docker's words where it names none."""
    if len(text) == 64 and _HEX.issuperset(text):
        raise InvalidParameter(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    name, at, digest = text.partition("@")
    slash = name.rfind("/")
    colon = name.rfind(":")
    tag = ""
    if colon > slash:
        name, tag = name[:colon], name[colon + 1 :]
        if not _is_tag(tag):
            raise InvalidParameter("invalid reference format")
    domain, path = split_domain(name)
    if path != path.lower():
        raise InvalidParameter(f"invalid reference format: repository name ({path}) must be lowercase")
    if not path or not all(_is_component(part) for part in path.split("/")) or not _is_domain(domain):
        raise InvalidParameter("invalid reference format")
    if at and not _is_digest(digest):
        raise InvalidParameter("invalid reference format")
    if len(domain) + 1 + len(path) > 255:
        raise InvalidParameter("repository name must not be more than 255 characters")
    return Reference(domain, path, tag, digest)


def split_domain(name: str) -> "tuple[str, str]":
    """The registry's domain and the path in it; docker.io and library/ where they are left out."""
    domain, slash, path = name.partition("/")
    if not slash or (not ("." in domain or ":" in domain) and domain != "localhost" and domain.lower() == domain):
        domain, path = DEFAULT_DOMAIN, name
    if domain == LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = OFFICIAL + path
    return domain, path


def _is_tag(tag: str) -> bool:
    return 0 < len(tag) <= 128 and tag[0] in _WORD and not set(tag) - _WORD - {".", "-"}


def _is_component(part: str) -> bool:
    if not part or part[0] not in _LOWER or part[-1] not in _LOWER:
        return False
    separator = ""
    for char in part:
        if char in _LOWER:
            if separator not in ("", ".", "_", "__") and separator.strip("-"):
                return False
            separator = ""
        elif char in "._-":
            separator += char
        else:
            return False
    return True


def _is_domain(domain: str) -> bool:
    host, colon, port = domain.rpartition(":") if not domain.endswith("]") else (domain, "", "")
    if not colon:
        host, port = domain, ""
    if colon and not (port.isascii() and port.isdigit()):
        return False
    if host.startswith("["):
        return host.endswith("]") and not set(host[1:-1]) - set("0123456789abcdefABCDEF:")
    return all(
        part and part[0] != "-" and part[-1] != "-" and not set(part) - _WORD - {"-"} for part in host.split(".")
    )


def _is_digest(digest: str) -> bool:
    algorithm, colon, value = digest.partition(":")
    return bool(colon and algorithm[:1].isalpha() and len(value) >= 32 and _HEX.issuperset(value))
