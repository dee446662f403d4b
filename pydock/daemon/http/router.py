"""From method and path to handler.

`routes/*.py` declare `Route` values; main joins them to a `Router`, which the server asks for each request.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response
from pydock.errors import NotFound

#: A handler returns a Response, or None where it streamed or hijacked.  What it raises becomes the error answer.
Handler = Callable[[Request], Awaitable[Response | None]]

_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_VERSION = re.compile(r"/v([0-9.]+)(/.*)")


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.  ``pattern`` is a path without version; ``{name}`` is one segment, ``{name:.*}`` a regex."""

    method: str
    pattern: str
    handler: Handler


class Router:
    """All routes; the first that fits wins, in the order in which they were given."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, str], list[tuple[re.Pattern[str], Handler]]] = {}
        for route in routes:
            first = route.pattern.split("/", 2)[1]
            self._routes.setdefault((route.method, first), []).append((_compile(route.pattern), route.handler))

    def resolve(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """The handler for an unversioned, unescaped `path` and its parameters; NotFound in Docker's words."""
        if method == "OPTIONS":
            return _options, {}
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        for pattern, handler in self._routes.get((method, first), ()):
            if match := pattern.fullmatch(path):
                return handler, match.groupdict()
        raise NotFound("page not found")


async def _options(request: Request) -> Response:
    """``OPTIONS`` of any path, there or not."""
    return Response(200)


def cleaned(path: str) -> str:
    """`path` without empty, ``.`` and ``..`` segments; a client that asks for another spelling is sent to this one."""
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def split_version(path: str) -> tuple[str, str]:
    """Divide ``/v1.50/info`` into ``1.50`` and ``/info``; a path without version gives ``""`` and itself."""
    match = _VERSION.fullmatch(path)
    return (match[1], match[2]) if match else ("", path)


def _compile(pattern: str) -> re.Pattern[str]:
    parts, position = [], 0
    for match in _PARAMETER.finditer(pattern):
        parts.append(re.escape(pattern[position : match.start()]))
        parts.append(f"(?P<{match[1]}>{match[2] or '[^/]+'})")
        position = match.end()
    return re.compile("".join(parts) + re.escape(pattern[position:]), re.DOTALL)
