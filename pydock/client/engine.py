"""One `Engine`: the requests that every endpoint is made of.  Called by the endpoint modules beside it and by the CLI.

It keeps idle connections, speaks the newest API version first and an older one where the daemon says so (which saves
the ping that other clients begin with), and turns answers into the kinds of `pydock.errors`.
"""

import os.path

from pydock import errors
from pydock.client import json_text, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from pydock.client.address import Address
    from pydock.client.session import Session, SessionResponse

    Answer = wire.Response | SessionResponse
    Query = Mapping[str, "str | int | bool | list[str] | dict[str, list[str]] | None"]

API_VERSION = "1.50"
JSON = "application/json"
KINDS: "dict[int, type[errors.PydockError]]" = {
    304: errors.NotModified,
    400: errors.InvalidParameter,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    501: errors.Unsupported,
    503: errors.Unavailable,
}
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PLAIN = _SAFE | {"/", ":"}


class Engine:
    """A daemon at an address."""

    def __init__(self, address: "Address", version: str = "", headers: "Mapping[str, str] | None" = None) -> None:
        self.address = address
        self.version = version or API_VERSION
        self._pinned = bool(version)
        self._headers = {"Host": "docker", "User-Agent": "pydock", **(headers or {})}
        self._idle: list[wire.Connection] = []
        self._session: Session | None = None
        if address.scheme not in ("unix", "ssh"):
            from pydock.client import session

            if session.needed(address):
                self._session = session.Session(address)

    def get(self, path: str, query: "Query | None" = None) -> "Any":
        """The JSON that GET answers with."""
        return json_text.loads(self.fetch("GET", path, query))

    def post(self, path: str, query: "Query | None" = None, body: "Any" = None) -> "Any":
        """The JSON that POST answers with, None where the answer is empty."""
        data = None if body is None else json_text.dumps(body).encode()
        answer = self.fetch("POST", path, query, data, JSON)
        return json_text.loads(answer) if answer.strip() else None

    def delete(self, path: str, query: "Query | None" = None) -> "Any":
        """The JSON that DELETE answers with, None where the answer is empty."""
        answer = self.fetch("DELETE", path, query)
        return json_text.loads(answer) if answer.strip() else None

    def fetch(
        self, method: str, path: str, query: "Query | None" = None, body: bytes | None = None, content_type: str = JSON
    ) -> bytes:
        """The whole body of an answer."""
        headers = {"Content-Type": content_type} if body is not None else {}
        response = self.request(method, path, query, headers, body)
        data = response.read()
        self.release(response)
        return data

    def request(
        self,
        method: str,
        path: str,
        query: "Query | None" = None,
        headers: "Mapping[str, str] | None" = None,
        body: "bytes | Iterable[bytes] | int | None" = None,
    ) -> "Answer":
        """Send a request and read the answer's head; raises the error that the daemon answers with."""
        while True:
            response: Answer
            if self._session:
                target, everything = self._head(path, query, headers or {})
                response = self._session.exchange(method, target, everything, body)
            else:
                response = self._exchange(method, path, query, headers or {}, body)
            if response.status < 300:
                return response
            error = self._error(response)
            if response.status == 400 and self._step_down(error.message) and not _spent(body):
                continue
            raise error

    def stream(self, method: str, path: str, query: "Query | None" = None, **rest: "Any") -> "Iterator[bytes]":
        """The body of an answer as it comes."""
        response = self.request(method, path, query, **rest)
        yield from response.chunks()
        self.release(response)

    def upgrade(self, path: str, query: "Query | None" = None, body: "Any" = None) -> wire.Connection:
        """POST and take the connection over: what comes next on it is the raw stream."""
        data = b"" if body is None else json_text.dumps(body).encode()
        headers = {"Content-Type": JSON if data else "text/plain", "Connection": "Upgrade", "Upgrade": "tcp"}
        while True:
            response = self._exchange("POST", path, query, headers, data)
            if response.status < 300:
                return response.connection
            error = self._error(response)
            if not (response.status == 400 and self._step_down(error.message)):
                raise error

    def release(self, response: "Answer") -> None:
        """Keep the connection of an answer that was read to its end, close any other."""
        if isinstance(response, wire.Response) and response.finished and response.reusable:
            self._idle.append(response.connection)
        else:
            response.close()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()
        if self._session:
            self._session.close()

    def _head(self, path: str, query: "Query | None", headers: "Mapping[str, str]") -> "tuple[str, Mapping[str, str]]":
        whole = path if path == "/_ping" else encode_path(f"/v{self.version}{path}")
        return f"{self.address.base}{whole}{encode_query(query)}", {**self._headers, **headers}

    def _exchange(
        self,
        method: str,
        path: str,
        query: "Query | None",
        headers: "Mapping[str, str]",
        body: "bytes | Iterable[bytes] | int | None",
    ) -> wire.Response:
        target, everything = self._head(path, query, headers)
        while True:
            kept = bool(self._idle)
            connection = self._idle.pop() if kept else wire.Connection(self.address)
            try:
                wire.send_head(connection, method, target, everything, body)
                if body is not None and not isinstance(body, bytes):
                    self._send_body(connection, body)
                return wire.receive_head(connection, method)
            except (wire.Closed, OSError) as error:
                connection.close()
                if kept and not _spent(body):
                    # the daemon may close an idle connection at any time: that says nothing of this request
                    continue
                if isinstance(error, wire.Closed):
                    raise
                raise wire.unreachable(self.address, error) from error

    def _send_body(self, connection: wire.Connection, body: "Iterable[bytes] | int") -> None:
        try:
            wire.send_body(connection, body)
        except (BrokenPipeError, ConnectionResetError):
            # the daemon has answered before the end of the body: its answer says why
            pass

    def _error(self, response: "Answer") -> errors.PydockError:
        try:
            data = response.read()
            self.release(response)
        except errors.PydockError:
            data = b""
        kind = KINDS.get(response.status, errors.System)
        text = data.decode("utf-8", "replace").strip()
        try:
            message = str(json_text.loads(text)["message"])
        except (ValueError, KeyError, TypeError):
            message = text
        if not message:
            return kind(
                f"request returned {response.status} for API route and version, check if the server supports it"
            )
        return kind(f"Error response from daemon: {message.strip()}")

    def _step_down(self, message: str) -> bool:
        """Take the version that the daemon offers where it finds ours too new."""
        offered = message.rpartition("Maximum supported API version is ")[2].strip()
        if self._pinned or "is too new" not in message or not offered.replace(".", "").isdigit():
            return False
        self.version = offered
        self._pinned = True
        return True


def _spent(body: "object") -> bool:
    return body is not None and not isinstance(body, bytes)


def encode_query(query: "Query | None") -> str:
    """`?name=value&...`; None and empty lists are left out, dictionaries are filters in JSON."""
    parts: list[str] = []
    for name, value in (query or {}).items():
        if value is None:
            continue
        if isinstance(value, list):
            parts += [f"{name}={quote(item)}" for item in value]
        elif isinstance(value, dict):
            filters = {key: dict.fromkeys(items, True) for key, items in value.items()}
            if filters:
                parts.append(f"{name}={quote(json_text.dumps(filters))}")
        elif value is True or value is False:
            parts.append(f"{name}={int(value)}")
        else:
            parts.append(f"{name}={quote(str(value))}")
    return "?" + "&".join(parts) if parts else ""


def encode_path(path: str) -> str:
    """The path of a URL without `//` and `/./`, percent-encoded as Go does it: names keep what they may.

    NotFound, in the daemon's words, where a name would lead to another kind of object.
    """
    if _PLAIN.issuperset(path) and "//" not in path and "/." not in path and path[-1] != "/":
        return path
    if ".." in path.split("/"):
        raise errors.NotFound("Error response from daemon: page not found")
    return quote(os.path.normpath(path), "/$&+,:;=@")


def named(kind: str, name: str) -> str:
    """The name or ID of a `kind` of object; InvalidParameter where there is none."""
    name = name.strip()
    if is_nothing(name):
        raise errors.InvalidParameter(f"invalid {kind} name or ID: value is empty")
    return name


def is_nothing(name: str) -> bool:
    """Whether a path has no part left for `name`: the path of all objects of that kind it would be."""
    return os.path.normpath(f"/objects/{name}") == "/objects"


def quote(text: str, keep: str = "") -> str:
    """`text` percent-encoded for a URL."""
    if _SAFE.issuperset(text):
        return text
    return "".join(
        [
            c if c in _SAFE or c in keep else "".join([f"%{b:02X}" for b in c.encode("utf-8", "surrogateescape")])
            for c in text
        ]
    )
