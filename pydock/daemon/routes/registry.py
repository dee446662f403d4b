"""The endpoints that talk to registries: pull, push, auth, search, distribution.

``POST /images/create`` is two calls in one: with ``fromImage`` it pulls, otherwise it imports, which is
`routes.images`' part and handed in.
"""

from typing import Protocol

from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.images.operation import Work
from pydock.daemon.routes import progress_stream
from pydock.errors import InvalidParameter
from pydock.imagestore import platforms
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry import credentials
from pydock.imagestore.registry.credentials import Credentials

AUTH_HEADER = "x-registry-auth"


class Pulls(Protocol):
    """What the pull route calls."""

    def begin(self, image: str, tag: str, credentials: Credentials, platform: Platform | None) -> Work:
        """The work that pulls an image."""


def create_image(pulls: Pulls, import_image: Handler) -> Route:
    """``POST /images/create``: pull, or hand the request to `import_image`."""

    async def handle(request: Request) -> Response | None:
        image = request.query.text("fromImage")
        if not image:
            return await import_image(request)
        platform = _platform(request)
        work = pulls.begin(image, request.query.text("tag"), lenient_credentials(request), platform)
        await progress_stream.answer(request, work)
        return None

    return Route("POST", "/images/create", handle)


def lenient_credentials(request: Request) -> Credentials:
    """The credentials that came with a pull or a push; a header that can't be read is taken for none, as in Docker."""
    try:
        return credentials.from_header(request.headers.get(AUTH_HEADER))
    except InvalidParameter:
        return credentials.NOBODY


def _platform(request: Request) -> Platform | None:
    text = request.query.text("platform") if request.version >= (1, 32) else ""
    return platforms.parse(text) if text else None
