"""The engine's requests: connections kept, errors by kind, an older API where the daemon wants it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pydock import errors
from pydock.client import containers, images
from pydock.client.address import parse
from pydock.client.engine import Engine, encode_path, encode_query, named, quote

Answer = Callable[[str, str, bytes], tuple[int, bytes]]


class Daemon:
    """A server of scripted answers on a Unix socket."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.connections = 0
        self.close_after_answer = False
        self._answer = answer
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(10)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while line := stream.readline():
                length = 0
                while header := stream.readline().strip().lower():
                    if header.startswith(b"content-length:"):
                        length = int(header[15:])
                method, target, _ = line.decode().split(" ")
                body = stream.read(length)
                self.requests.append((method, target, body))
                status, data = self._answer(method, target, body)
                stream.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
                stream.flush()
                if self.close_after_answer:
                    return

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Answer], tuple[Engine, Daemon]]]:
    """A way to make an engine with scripted answers."""
    made: list[tuple[Engine, Daemon]] = []

    def make(answer: Answer) -> tuple[Engine, Daemon]:
        path = tmp_path / "s"
        daemon = Daemon(path, answer)
        made.append((Engine(parse(f"unix://{path}")), daemon))
        return made[-1]

    yield make
    for engine, daemon in made:
        engine.close()
        daemon.close()


Serve = Callable[[Answer], tuple[Engine, Daemon]]


def test_one_connection_serves_request_after_request(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (200, b'{"a": 1}'))
    assert [engine.get("/x"), engine.get("/y", {"z": True})] == [{"a": 1}, {"a": 1}]
    assert [target for _, target, _ in daemon.requests] == ["/v1.50/x", "/v1.50/y?z=1"]
    assert daemon.connections == 1


def test_an_idle_connection_that_the_daemon_closed_is_replaced(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (200, b"{}"))
    daemon.close_after_answer = True
    for _ in range(3):
        assert engine.post("/x", None, {"b": 2}) == {}
    assert daemon.connections == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.System),
        (304, errors.NotModified),
        (400, errors.InvalidParameter),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (500, errors.System),
        (501, errors.Unsupported),
        (503, errors.Unavailable),
    ],
)
def test_each_status_has_its_kind_of_error(serve: Serve, status: int, kind: type[errors.PydockError]) -> None:
    engine, _ = serve(lambda method, target, body: (status, b"" if status == 304 else b'{"message": "why"}'))
    with pytest.raises(kind) as caught:
        engine.get("/x")
    if status != 304:
        assert caught.value.message == "Error response from daemon: why"


def test_an_error_that_is_no_json_is_shown_as_it_is(serve: Serve) -> None:
    engine, _ = serve(lambda method, target, body: (502, b"bad gateway\n"))
    with pytest.raises(errors.System, match=r"^Error response from daemon: bad gateway$"):
        engine.get("/x")


def test_a_daemon_that_finds_the_version_too_new_gets_an_older_one(serve: Serve) -> None:
    message = b"client version 1.50 is too new. Maximum supported API version is 1.41"

    def old(method: str, target: str, body: bytes) -> tuple[int, bytes]:
        if not target.startswith("/v1.41/"):
            return 400, b'{"message": "%s"}' % message
        return 200, b"[]"

    engine, _ = serve(old)
    assert engine.get("/x") == []
    assert engine.version == "1.41"


def test_a_version_that_the_user_chose_is_not_changed(serve: Serve) -> None:
    text = b'{"message": "client version 1.99 is too new. Maximum supported API version is 1.50"}'
    engine, _ = serve(lambda method, target, body: (400, text))
    pinned = Engine(engine.address, "1.99")
    with pytest.raises(errors.InvalidParameter, match="too new"):
        pinned.get("/x")
    pinned.close()


def test_no_daemon_is_told_with_its_address(tmp_path: Path) -> None:
    engine = Engine(parse(f"unix://{tmp_path}/none"))
    with pytest.raises(errors.Unavailable) as caught:
        engine.get("/x")
    start = f"Cannot connect to the Docker daemon at unix://{tmp_path}/none. "
    assert caught.value.message.startswith(start)


def test_starting_what_runs_is_no_error(serve: Serve) -> None:
    engine, _ = serve(lambda method, target, body: (304, b""))
    containers.start(engine, "name")


def test_a_body_reaches_the_daemon_as_json(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (201, b'{"Id": "abc", "Warnings": []}'))
    assert containers.create(engine, {"Image": "é"}, "na me")["Id"] == "abc"
    method, target, body = daemon.requests[0]
    assert (method, target) == ("POST", "/v1.50/containers/create?name=na%20me")
    assert json.loads(body) == {"Image": "é"}


def test_slashes_and_colons_of_names_stay(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (200, b"{}"))
    images.inspect(engine, "host:5000/a/b:c@sha256:d")
    containers.inspect(engine, "a/b")
    assert [target for _, target, _ in daemon.requests] == [
        "/v1.50/images/host:5000/a/b:c@sha256:d/json",
        "/v1.50/containers/a/b/json",
    ]


def test_a_query_has_filters_lists_and_truths_as_the_api_wants_them() -> None:
    query = encode_query({"a": True, "b": None, "c": [], "d": ["x", "y z"], "e": {"k": ["v"]}, "f": {}, "g": 0})
    assert query == "?a=1&d=x&d=y%20z&e=%7B%22k%22%3A%7B%22v%22%3Atrue%7D%7D&g=0"
    assert quote("a/é", "/") == "a/%C3%A9"


def test_names_are_sent_without_what_surrounds_them(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (200, b"{}"))
    for name in ("/a", "a/", " a "):
        containers.inspect(engine, name)
    images.inspect(engine, "/x/")
    assert [target.removeprefix("/v1.50/") for _, target, _ in daemon.requests] == [
        "containers/a/json", "containers/a/json", "containers/a/json", "images/x/json",
    ]  # fmt: skip
    for name in ("", " ", "/"):
        with pytest.raises(errors.InvalidParameter, match="invalid container name or ID: value is empty"):
            containers.inspect(engine, name)
    with pytest.raises(errors.NotFound):
        images.inspect_text(engine, "/")


def test_no_name_leads_to_another_kind_of_object(serve: Serve) -> None:
    engine, daemon = serve(lambda method, target, body: (200, b"{}"))
    for name in ("..", "../networks/x", "a/../../images/b"):
        with pytest.raises(errors.NotFound, match=r"^Error response from daemon: page not found$"):
            containers.remove(engine, name)
    assert not daemon.requests


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/containers/web/json", "/containers/web/json"),
        ("/containers/a:b@c+d$e,f=g;h&i/json", "/containers/a:b@c+d$e,f=g;h&i/json"),
        ("/containers/a?b#c%d[e]!'(*)/json", "/containers/a%3Fb%23c%25d%5Be%5D%21%27%28%2A%29/json"),
        ("/containers/ü x/json", "/containers/%C3%BC%20x/json"),
        ("/images/a//b/json", "/images/a/b/json"),
        ("/images/./a/", "/images/a"),
    ],
)
def test_a_path_is_made_plain_and_encoded_as_go_does_it(path: str, sent: str) -> None:
    assert encode_path(path) == sent


def test_a_name_that_would_be_the_path_of_all_objects_is_none() -> None:
    for name in ("", " ", "/", "//", ".", "./", "a/.."):
        with pytest.raises(errors.InvalidParameter, match=r"^invalid volume name or ID: value is empty$"):
            named("volume", name)
    assert [named("volume", name) for name in (" a ", "a/b", "..", "/a")] == ["a", "a/b", "..", "/a"]
