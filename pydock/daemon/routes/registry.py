"""The endpoints that talk to registries: pull, push, auth, search, distribution.

``POST /images/create`` is two calls in one: with ``fromImage`` it pulls, otherwise it imports, which is
`routes.images`' part and handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydock.daemon.api import images as wire
from pydock.daemon.api.auth import AuthConfig
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.images.operation import Work
from pydock.daemon.images.registries import SEARCH_FILTERS
from pydock.daemon.offload import offload_outside
from pydock.daemon.routes import progress_stream
from pydock.errors import InvalidParameter
from pydock.imagestore import platforms
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry import credentials
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials

AUTH_HEADER = "x-registry-auth"
T = TypeVar("T")


class Pulls(Protocol):
    """What the pull route calls."""

    def begin(self, image: str, tag: str, credentials: Credentials, platform: Platform | None) -> Work:
        """The work that pulls an image."""


class Pushes(Protocol):
    """What the push route calls."""

    def begin(self, name: str, tag: str, credentials: Credentials, platform: Platform | None = None) -> Work:
        """The work that pushes an image."""


class Registries(Protocol):
    """What the other routes call; every call blocks."""

    def login(self, credentials: Credentials, cancellation: Cancellation) -> dict[str, str]:
        """Try credentials."""

    def search(
        self,
        term: str,
        limit: int,
        filters: Mapping[str, Sequence[str]],
        credentials: Credentials,
        cancellation: Cancellation,
    ) -> list[dict[str, Any]]:
        """Find repositories."""

    def distribution(self, name: str, credentials: Credentials, cancellation: Cancellation) -> dict[str, Any]:
        """Look at a manifest."""


def routes(pulls: Pulls, pushes: Pushes, registries: Registries, import_image: Handler) -> list[Route]:
    """All of them."""

    async def create(request: Request) -> Response | None:
        image = request.query.text("fromImage")
        if not image:
            return await import_image(request)
        text = request.query.text("platform") if request.version >= (1, 32) else ""
        platform = platforms.parse(text) if text else None
        work = pulls.begin(image, request.query.text("tag"), lenient_credentials(request), platform)
        await progress_stream.answer(request, work)
        return None

    async def push(request: Request) -> Response | None:
        await request.read()  # clients of old send the credentials here too
        platform = _json_platform(request) if request.version >= (1, 46) else None
        work = pushes.begin(request.params["name"], request.query.text("tag"), lenient_credentials(request), platform)
        await progress_stream.answer(request, work)
        return None

    async def auth(request: Request) -> Response:
        given = _from_client(credentials.from_fields((await _auth_config(request)).wire()), request)
        return json_response(await _ask(request, lambda it: registries.login(given, it)))

    async def search(request: Request) -> Response:
        query = request.query
        try:
            limit = query.integer("limit")
        except InvalidParameter as error:
            raise InvalidParameter(f"invalid limit specified: {error.message}") from None
        term, filters = query.text("term"), query.filters(SEARCH_FILTERS)
        given = lenient_credentials(request)
        return json_response(await _ask(request, lambda it: registries.search(term, limit, filters, given, it)))

    async def distribution(request: Request) -> Response:
        name, given = request.params["name"], lenient_credentials(request)
        return json_response(await _ask(request, lambda it: registries.distribution(name, given, it)))

    return [
        Route("POST", "/images/create", create),
        Route("POST", "/images/{name:.*}/push", push),
        Route("POST", "/auth", auth),
        Route("GET", "/images/search", search),
        Route("GET", "/distribution/{name:.*}/json", distribution),
    ]


async def _auth_config(request: Request) -> AuthConfig:
    try:
        return await request.json(AuthConfig, required=True)
    except InvalidParameter as error:  # Docker says here what is wrong with it, and nothing more
        raise InvalidParameter(error.message.removeprefix("invalid JSON: ")) from error


async def _ask(request: Request, question: Callable[[Cancellation], T]) -> T:
    """Run `question` in a thread; broken off when nobody waits for it any more."""
    cancellation = Cancellation()
    try:
        with request.attended():
            return await offload_outside(question, cancellation)
    finally:
        cancellation.cancel()


def lenient_credentials(request: Request) -> Credentials:
    """The credentials that came with a request; a header that can't be read is taken for none, as in Docker."""
    try:
        given = credentials.from_header(request.headers.get(AUTH_HEADER))
    except InvalidParameter:
        given = credentials.NOBODY
    return _from_client(given, request)


def _from_client(given: Credentials, request: Request) -> Credentials:
    return replace(given, client=request.headers.get("user-agent"))


def _json_platform(request: Request) -> Platform | None:
    text = request.query.text("platform")
    return wire.parse_platform(text) if text else None
