"""The endpoints of containers, one short call each.  Called by the container commands of the CLI."""

from pydock.client.engine import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pydock.client.engine import Answer as Response
    from pydock.client.engine import Engine
    from pydock.client.wire import Connection

    JSON = dict[str, Any]
    Filters = dict[str, list[str]]


def create(engine: "Engine", body: "JSON", name: str = "", platform: str = "") -> "JSON":
    """POST /containers/create: {"Id": ..., "Warnings": [...]}."""
    if _speaks(engine, 1, 42):
        body.get("HostConfig", {}).pop("KernelMemory", None)  # which the API does not know any more
    answer: JSON = engine.post("/containers/create", {"name": name or None, "platform": platform or None}, body)
    return answer


def listing(
    engine: "Engine", everything: bool = False, limit: int = -1, size: bool = False, filters: "Filters | None" = None
) -> "list[JSON]":
    """GET /containers/json."""
    query = {"all": everything or None, "limit": limit if limit > 0 else None, "size": size or None, "filters": filters}
    answer: list[JSON] = engine.get("/containers/json", query)
    return answer


def _path(name: str) -> str:
    return f"/containers/{named('container', name)}"


def inspect(engine: "Engine", name: str, size: bool = False) -> "JSON":
    """GET /containers/{id}/json."""
    answer: JSON = engine.get(f"{_path(name)}/json", {"size": size or None})
    return answer


def inspect_text(engine: "Engine", name: str, size: bool = False) -> bytes:
    """GET /containers/{id}/json, as the daemon wrote it."""
    return engine.fetch("GET", f"{_path(name)}/json", {"size": size or None})


def start(engine: "Engine", name: str, detach_keys: str = "", checkpoint: str = "") -> None:
    """POST /containers/{id}/start; 304 is success."""
    _act(engine, name, "start", {"detachKeys": detach_keys or None, "checkpoint": checkpoint or None})


def stop(engine: "Engine", name: str, signal: str = "", timeout: int | None = None) -> None:
    """POST /containers/{id}/stop."""
    _act(engine, name, "stop", {"signal": signal or None, "t": timeout})


def restart(engine: "Engine", name: str, signal: str = "", timeout: int | None = None) -> None:
    """POST /containers/{id}/restart."""
    _act(engine, name, "restart", {"signal": signal or None, "t": timeout})


def kill(engine: "Engine", name: str, signal: str = "") -> None:
    """POST /containers/{id}/kill."""
    _act(engine, name, "kill", {"signal": signal or None})


def pause(engine: "Engine", name: str) -> None:
    """POST /containers/{id}/pause."""
    _act(engine, name, "pause", {})


def unpause(engine: "Engine", name: str) -> None:
    """POST /containers/{id}/unpause."""
    _act(engine, name, "unpause", {})


def rename(engine: "Engine", name: str, new: str) -> None:
    """POST /containers/{id}/rename."""
    _act(engine, name, "rename", {"name": new})


def _act(engine: "Engine", name: str, verb: str, query: "dict[str, Any]") -> None:
    from pydock.errors import NotModified

    try:
        engine.fetch("POST", f"{_path(name)}/{verb}", query)
    except NotModified:
        pass


def update(engine: "Engine", name: str, body: "JSON") -> "JSON":
    """POST /containers/{id}/update: {"Warnings": [...]}."""
    answer: JSON = engine.post(f"{_path(name)}/update", None, body)
    return answer


def wait(engine: "Engine", name: str, condition: str = "") -> "Response":
    """POST /containers/{id}/wait: the head comes at once, the body when the container has ended."""
    return engine.request("POST", f"{_path(name)}/wait", {"condition": condition or None})


def remove(engine: "Engine", name: str, force: bool = False, volumes: bool = False, link: bool = False) -> None:
    """DELETE /containers/{id}."""
    engine.delete(
        _path(name),
        {"v": volumes or None, "force": force or None, "link": link or None},
    )


def removes_itself(engine: "Engine") -> bool:
    """Whether ``AutoRemove`` is the daemon's affair: it is the client's before version 1.25."""
    return _speaks(engine, 1, 25)


def _speaks(engine: "Engine", *version: int) -> bool:
    return tuple(int(part) for part in engine.version.split(".") if part.isdigit()) >= version


def prune(engine: "Engine", filters: "Filters") -> "JSON":
    """POST /containers/prune."""
    answer: JSON = engine.post("/containers/prune", {"filters": filters})
    return answer


def top(engine: "Engine", name: str, arguments: "list[str]") -> "JSON":
    """GET /containers/{id}/top."""
    answer: JSON = engine.get(f"{_path(name)}/top", {"ps_args": " ".join(arguments) or None})
    return answer


def stats(engine: "Engine", name: str, stream: bool) -> "Response":
    """GET /containers/{id}/stats: one JSON value a second, or one."""
    return engine.request("GET", f"{_path(name)}/stats", {"stream": stream})


def logs(engine: "Engine", name: str, query: "dict[str, Any]") -> "Response":
    """GET /containers/{id}/logs: frames, or raw bytes where the container has a terminal."""
    return engine.request("GET", f"{_path(name)}/logs", query)


def attach(
    engine: "Engine", name: str, streams: "Iterable[str]", detach_keys: str = "", logs: bool = False
) -> "Connection":
    """POST /containers/{id}/attach, upgraded; `streams` are among stdin, stdout, stderr."""
    query: dict[str, Any] = {"stream": True, **dict.fromkeys(streams, True)}
    query |= {"detachKeys": detach_keys or None, "logs": logs or None}
    return engine.upgrade(f"{_path(name)}/attach", query)


def resize(engine: "Engine", name: str, height: int, width: int) -> None:
    """POST /containers/{id}/resize."""
    engine.fetch("POST", f"{_path(name)}/resize", {"h": height, "w": width})


def changes(engine: "Engine", name: str) -> "list[JSON]":
    """GET /containers/{id}/changes."""
    answer: list[JSON] | None = engine.get(f"{_path(name)}/changes")
    return answer or []


def export(engine: "Engine", name: str) -> "Iterator[bytes]":
    """GET /containers/{id}/export: a tar."""
    return engine.stream("GET", f"{_path(name)}/export")


def archive_stat(engine: "Engine", name: str, path: str) -> "Response":
    """HEAD /containers/{id}/archive."""
    return engine.request("HEAD", f"{_path(name)}/archive", {"path": path})


def archive_get(engine: "Engine", name: str, path: str) -> "Response":
    """GET /containers/{id}/archive: a tar, and the path's stat in a header."""
    return engine.request("GET", f"{_path(name)}/archive", {"path": path})


def archive_put(engine: "Engine", name: str, path: str, query: "dict[str, Any]", tar: "Iterable[bytes] | int") -> None:
    """PUT /containers/{id}/archive."""
    headers = {"Content-Type": "application/x-tar"}
    response = engine.request("PUT", f"{_path(name)}/archive", {"path": path, **query}, headers=headers, body=tar)
    response.read()
    engine.release(response)


def exec_create(engine: "Engine", name: str, body: "JSON") -> str:
    """POST /containers/{id}/exec: the ID of the exec."""
    answer: JSON = engine.post(f"{_path(name)}/exec", None, body)
    return str(answer["Id"])


def exec_start(engine: "Engine", identity: str, body: "JSON") -> None:
    """POST /exec/{id}/start, detached."""
    engine.post(f"/exec/{identity}/start", None, body)


def exec_attach(engine: "Engine", identity: str, body: "JSON") -> "Connection":
    """POST /exec/{id}/start, upgraded."""
    return engine.upgrade(f"/exec/{identity}/start", None, body)


def exec_resize(engine: "Engine", identity: str, height: int, width: int) -> None:
    """POST /exec/{id}/resize."""
    engine.fetch("POST", f"/exec/{identity}/resize", {"h": height, "w": width})


def exec_inspect(engine: "Engine", identity: str) -> "JSON":
    """GET /exec/{id}/json."""
    answer: JSON = engine.get(f"/exec/{identity}/json")
    return answer
