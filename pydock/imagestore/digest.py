"""Digests and the chain IDs that name a layer together with everything under it.

Used by the whole image store, the registry client and the daemon's image service.
"""

import hashlib
import re
from collections.abc import Iterable

from pydock.errors import InvalidParameter

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{64}")

#: the digest of no bytes at all
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def is_digest(text: object) -> bool:
    """Tell whether `text` is a digest as this store has them: ``sha256:`` and 64 hexadecimal digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def parse(text: object) -> str:
    """Return `text` where it is a digest; raise InvalidParameter where it is not."""
    if not is_digest(text):
        raise InvalidParameter(f"invalid digest: {str(text)[:100]!r}")
    return str(text)


def to_hex(digest: str) -> str:
    """Return the 64 hexadecimal digits of `digest`; safe as a file name."""
    return parse(digest).removeprefix("sha256:")


def of(data: bytes) -> str:
    """Return the digest of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def chain_id(parent: str, diff_id: str) -> str:
    """Return the chain ID of the layer `diff_id` on top of chain `parent` ("" for the lowest layer)."""
    return of(f"{parent} {diff_id}".encode()) if parent else diff_id


def chain_ids(diff_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the chain ID of each layer, the lowest first."""
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(chain_id(chains[-1] if chains else "", diff_id))
    return tuple(chains)
