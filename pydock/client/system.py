"""The endpoints of the engine itself, of networks and of volumes, one short call each.

Called by their commands of the CLI.
"""

from pydock.client.engine import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.client.engine import Answer as Response
    from pydock.client.engine import Engine

    JSON = dict[str, Any]
    Filters = dict[str, list[str]]


def ping(engine: "Engine") -> "Response":
    """HEAD /_ping: what the daemon is, in headers."""
    response = engine.request("HEAD", "/_ping")
    engine.release(response)
    return response


def version(engine: "Engine") -> "JSON":
    """GET /version."""
    answer: JSON = engine.get("/version")
    return answer


def info(engine: "Engine") -> "JSON":
    """GET /info."""
    answer: JSON = engine.get("/info")
    return answer


def disk_usage(engine: "Engine", types: "list[str]") -> "JSON":
    """GET /system/df."""
    answer: JSON = engine.get("/system/df", {"type": types})
    return answer


def events(engine: "Engine", query: "dict[str, Any]") -> "Response":
    """GET /events: one JSON value a line."""
    return engine.request("GET", "/events", query)


def authenticate(engine: "Engine", body: "JSON") -> "JSON":
    """POST /auth: {"Status": ..., "IdentityToken": ...}."""
    answer: JSON = engine.post("/auth", None, body)
    return answer


def prune(engine: "Engine", what: str, filters: "Filters") -> "JSON":
    """POST /{what}/prune."""
    answer: JSON = engine.post(f"/{what}/prune", {"filters": filters})
    return answer


def networks(engine: "Engine", filters: "Filters") -> "list[JSON]":
    """GET /networks."""
    answer: list[JSON] = engine.get("/networks", {"filters": filters})
    return answer


def network_inspect(engine: "Engine", name: str, verbose: bool = False, scope: str = "") -> bytes:
    """GET /networks/{id}, as the daemon wrote it."""
    return engine.fetch(
        "GET", f"/networks/{named('network', name)}", {"verbose": "true" if verbose else None, "scope": scope or None}
    )


def network_create(engine: "Engine", body: "JSON") -> "JSON":
    """POST /networks/create."""
    answer: JSON = engine.post("/networks/create", None, body)
    return answer


def network_remove(engine: "Engine", name: str) -> None:
    """DELETE /networks/{id}."""
    engine.delete(f"/networks/{named('network', name)}")


def network_connect(engine: "Engine", name: str, container: str, body: "JSON") -> None:
    """POST /networks/{id}/connect."""
    body = {"Container": named("container", container), **body}
    engine.fetch("POST", f"/networks/{named('network', name)}/connect", None, _json(body))


def network_disconnect(engine: "Engine", name: str, container: str, force: bool) -> None:
    """POST /networks/{id}/disconnect."""
    body = {"Container": named("container", container), "Force": force}
    engine.fetch("POST", f"/networks/{named('network', name)}/disconnect", None, _json(body))


def _json(body: "JSON") -> bytes:
    from pydock.client import json_text

    return json_text.dumps(body).encode()


def volumes(engine: "Engine", filters: "Filters") -> "JSON":
    """GET /volumes: {"Volumes": [...], "Warnings": [...]}."""
    answer: JSON = engine.get("/volumes", {"filters": filters})
    return answer


def volume_inspect(engine: "Engine", name: str) -> bytes:
    """GET /volumes/{name}, as the daemon wrote it."""
    return engine.fetch("GET", f"/volumes/{named('volume', name)}")


def volume_create(engine: "Engine", body: "JSON") -> "JSON":
    """POST /volumes/create."""
    answer: JSON = engine.post("/volumes/create", None, body)
    return answer


def volume_remove(engine: "Engine", name: str, force: bool) -> None:
    """DELETE /volumes/{name}."""
    engine.delete(f"/volumes/{named('volume', name)}", {"force": force or None})
