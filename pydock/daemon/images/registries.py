"""What is asked of registries without moving an image: login, search, distribution.

Called by the routes ``POST /auth``, ``GET /images/search`` and ``GET /distribution/{name}/json``.  All calls block.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydock.daemon.images import filtering
from pydock.errors import InvalidParameter, System
from pydock.imagestore import reference as references
from pydock.imagestore.registry import inspection, login, search
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.options import RegistryOptions

SEARCH_FILTERS = ("is-automated", "is-official", "stars")


class Registries:
    """Questions to registries; `cancellation` breaks off whatever waits for the answer."""

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options

    def reload(self, options: RegistryOptions) -> None:
        """Ask with these options from now on."""
        self._options = options

    def login(self, credentials: Credentials, cancellation: Cancellation) -> dict[str, str]:
        """Try credentials: ``{"Status": ..., "IdentityToken": ...}``."""
        token = login.login(credentials, self._options, cancellation)
        return {"IdentityToken": token, "Status": "Login Succeeded"}

    def search(
        self,
        term: str,
        limit: int,
        filters: Mapping[str, Sequence[str]],
        credentials: Credentials,
        cancellation: Cancellation,
    ) -> list[dict[str, Any]]:
        """Find repositories, as ``GET /images/search`` shows them."""
        automated = filtering.boolean(filters, "is-automated", False)
        official = filtering.boolean(filters, "is-official", False)
        stars = max([0, *(_number(text) for text in filters.get("stars", ()))])
        if automated:
            return []  # no registry marks repositories as automated any more
        found = search.search(term, limit, credentials, self._options, cancellation)
        return [
            {
                "star_count": result.stars,
                "is_official": result.official,
                "name": result.name,
                "is_automated": False,
                "description": result.description,
            }
            for result in found
            if result.stars >= stars and (not filters.get("is-official") or official == result.official)
        ]

    def distribution(self, name: str, credentials: Credentials, cancellation: Cancellation) -> dict[str, Any]:
        """The descriptor and the platforms of what a registry has under `name`."""
        if references.is_identifier(name):
            raise System("no manifest found for full image ID")
        reference = references.parse(name).with_default_tag()
        found = inspection.inspect(reference, credentials, self._options, cancellation)
        return {
            "Descriptor": found.descriptor.wire(),
            "Platforms": [platform.wire() for platform in found.platforms],
        }


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidParameter(
            f"invalid filter 'stars={text}': strconv.Atoi: parsing \"{text}\": invalid syntax"
        ) from None
