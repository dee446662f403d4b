"""What a URL names, downloaded: where `import` takes a root file system from.

Used by the daemon's image service.
"""

import os
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.transport import Answer, Transport

_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_PIECE: Final = 256 << 10


class UrlSource:
    """Downloads by http and https, with the proxies that registries are reached through."""

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options

    def reload(self, options: RegistryOptions) -> None:
        """Begin the next download with these options."""
        self._options = options

    def fetch(self, url: str, target: int, progress: Callable[[int, int], None], cancellation: Cancellation) -> None:
        """Write what `url` names to descriptor `target`; tell the bytes so far and in all (0: unknown)."""
        with Transport(self._options, cancellation) as transport:
            for _ in range(_MAX_REDIRECTS):
                with transport.send("GET", url, {"Accept-Encoding": "identity"}) as answer:
                    if answer.status in _REDIRECTS and answer.header("Location"):
                        url = urljoin(url, answer.header("Location"))
                        continue
                    if answer.status >= 400:
                        raise _refused(url, answer)
                    _copy(answer, target, progress)
                    return
        raise InvalidParameter(f'Get "{url}": stopped after {_MAX_REDIRECTS} redirects')


def _refused(url: str, answer: Answer) -> Exception:
    text = f"failed to GET {url} with status {answer.status} {answer.reason}"
    return NotFound(text) if answer.status == 404 else InvalidParameter(text)


def _copy(answer: Answer, target: int, progress: Callable[[int, int], None]) -> None:
    total = answer.length or 0
    done = 0
    progress(done, total)
    buffer = memoryview(bytearray(_PIECE))
    while count := answer.readinto(buffer):
        piece = buffer[:count]
        while piece:
            piece = piece[os.write(target, piece) :]
        done += count
        progress(done, total)
