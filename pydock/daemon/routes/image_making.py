"""Images that are made here: import (``POST /images/create?fromSrc=``) and ``POST /commit``.

Joined to the router by `wiring.images`; the same endpoint pulls, which is `registry`'s part.
"""

from typing import Protocol

from pydock.daemon.api.containers import CreateRequest
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.images.committing import CommitRequest
from pydock.daemon.images.importing import ImportRequest
from pydock.daemon.images.operation import Work
from pydock.daemon.offload import offload
from pydock.daemon.routes import progress_stream
from pydock.daemon.routes.image_bodies import receiving
from pydock.errors import InvalidParameter
from pydock.imagestore import platforms


class Imports(Protocol):
    """What makes images of tars."""

    def from_body(self, request: ImportRequest, source: int) -> Work: ...

    def from_url(self, request: ImportRequest, url: str) -> Work: ...


class Commits(Protocol):
    """What makes images of containers."""

    def commit(self, request: CommitRequest) -> str: ...


def importing(imports: Imports) -> Handler:
    """The handler of an import."""

    async def handle(request: Request) -> None:
        query = request.query
        source = query.text("fromSrc")
        if not source:
            raise InvalidParameter("fromSrc is missing")
        platform = query.text("platform") if request.version >= (1, 32) else ""
        wanted = ImportRequest(
            query.text("repo"),
            query.text("tag"),
            query.text("message"),
            query.all("changes"),
            platforms.parse(platform) if platform else None,
        )
        if source != "-":
            await progress_stream.answer(request, imports.from_url(wanted, source))
            return
        async with receiving(request) as descriptor:
            await progress_stream.answer(request, imports.from_body(wanted, descriptor))

    return handle


def commit(commits: Commits) -> Route:
    """``POST /commit``."""

    async def handle(request: Request) -> Response:
        query = request.query
        body = await request.json(CreateRequest)
        wanted = CommitRequest(
            query.text("container"),
            query.text("repo"),
            query.text("tag"),
            query.text("author"),
            query.text("comment"),
            query.flag("pause", True),
            query.all("changes"),
            None if body.is_empty else body.config(),
        )
        return json_response({"Id": await offload(commits.commit, wanted)}, 201)

    return Route("POST", "/commit", handle)
