"""The endpoints of images and registries, one short call each.  Called by the image commands of the CLI."""

from pydock.client.engine import is_nothing
from pydock.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pydock.client.engine import Answer as Response
    from pydock.client.engine import Engine

    JSON = dict[str, Any]
    Filters = dict[str, list[str]]


def listing(engine: "Engine", query: "dict[str, Any]") -> "list[JSON]":
    """GET /images/json."""
    answer: list[JSON] = engine.get("/images/json", query)
    return answer


def inspect(engine: "Engine", name: str, query: "dict[str, Any] | None" = None) -> "JSON":
    """GET /images/{name}/json."""
    answer: JSON = engine.get(_details(name), query)
    return answer


def inspect_text(engine: "Engine", name: str, query: "dict[str, Any] | None" = None) -> bytes:
    """GET /images/{name}/json, as the daemon wrote it."""
    return engine.fetch("GET", _details(name), query)


def _details(name: str) -> str:
    if is_nothing(name):
        raise NotFound(f"Error: No such image: {name}")
    return f"/images/{name}/json"


def history(engine: "Engine", name: str, query: "dict[str, Any] | None" = None) -> "list[JSON]":
    """GET /images/{name}/history."""
    answer: list[JSON] = engine.get(f"/images/{name}/history", query)
    return answer


def remove(engine: "Engine", name: str, query: "dict[str, Any]") -> "list[JSON]":
    """DELETE /images/{name}: [{"Untagged": ...}, {"Deleted": ...}]."""
    answer: list[JSON] | None = engine.delete(f"/images/{name}", query)
    return answer or []


def prune(engine: "Engine", filters: "Filters") -> "JSON":
    """POST /images/prune."""
    answer: JSON = engine.post("/images/prune", {"filters": filters})
    return answer


def tag(engine: "Engine", name: str, repository: str, tag: str) -> None:
    """POST /images/{name}/tag."""
    engine.post(f"/images/{name}/tag", {"repo": repository, "tag": tag or None})


def pull(engine: "Engine", repository: str, tag: str, platform: str, auth: str) -> "Response":
    """POST /images/create?fromImage=...: progress in JSON lines."""
    query = {"fromImage": repository, "tag": tag or None, "platform": platform or None}
    return engine.request("POST", "/images/create", query, headers=registry_auth(auth))


def import_(engine: "Engine", query: "dict[str, Any]", tar: "Iterable[bytes] | int | bytes | None") -> "Response":
    """POST /images/create?fromSrc=...: progress in JSON lines."""
    headers = {} if tar is None else {"Content-Type": "text/plain"}
    return engine.request("POST", "/images/create", query, headers=headers, body=tar)


def push(engine: "Engine", repository: str, tag: str, platform: str, auth: str) -> "Response":
    """POST /images/{name}/push: progress in JSON lines."""
    query = {"tag": tag or None, "platform": platform or None}
    return engine.request("POST", f"/images/{repository}/push", query, headers=registry_auth(auth))


def load(
    engine: "Engine", tar: "Iterable[bytes] | int", quiet: bool, platforms: "list[str] | None" = None
) -> "Response":
    """POST /images/load: progress in JSON lines."""
    query = {"quiet": quiet, "platform": platforms or None}
    return engine.request("POST", "/images/load", query, headers={"Content-Type": "application/x-tar"}, body=tar)


def save(engine: "Engine", names: "list[str]", platforms: "list[str] | None" = None) -> "Iterator[bytes]":
    """GET /images/get: a tar."""
    return engine.stream("GET", "/images/get", {"names": names, "platform": platforms or None})


def commit(engine: "Engine", query: "dict[str, Any]", body: "JSON | None" = None) -> str:
    """POST /commit: the new image's ID."""
    answer: JSON = engine.post("/commit", query, body if body is not None else {})
    return str(answer["Id"])


def search(engine: "Engine", term: str, limit: int, filters: "Filters", auth: str) -> "list[JSON]":
    """GET /images/search."""
    from pydock.client import json_text

    query = {"term": term, "limit": limit if limit > 0 else None, "filters": filters}
    response = engine.request("GET", "/images/search", query, headers=registry_auth(auth))
    answer: list[JSON] = json_text.loads(response.read())
    engine.release(response)
    return answer


def registry_auth(auth: str) -> "dict[str, str]":
    """The header that carries credentials to a registry; an empty one is sent as Docker does."""
    return {"X-Registry-Auth": auth} if auth else {}
