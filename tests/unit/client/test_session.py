"""The transport through requests: for what a proxy stands before, and equal to the direct one elsewhere."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pydock.client.address import parse
from pydock.client.engine import Engine
from pydock.errors import NotFound


class Proxy(BaseHTTPRequestHandler):
    """A proxy that is the daemon too."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with what was asked for."""
        found = self.path.startswith("http://daemon.invalid:2375/v1.50/")
        body = json.dumps({"path": self.path} if found else {"message": "not here"}).encode()
        if self.path.endswith("/missing"):
            found, body = False, b'{"message": "no such thing"}'
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer with the body."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine behind a proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    made = Engine(parse("tcp://daemon.invalid:2375"))
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def test_requests_go_through_the_proxy(engine: Engine) -> None:
    assert engine.get("/x", {"a": "b"}) == {"path": "http://daemon.invalid:2375/v1.50/x?a=b"}
    with pytest.raises(NotFound, match="no such thing"):
        engine.get("/missing")


def test_bodies_of_known_and_unknown_length_go_through(engine: Engine) -> None:
    assert engine.post("/x", None, {"a": 1}) == {"a": 1}
    response = engine.request("POST", "/x", body=iter([b"abc", b"def"]))
    assert response.read() == b"abcdef"
    engine.release(response)
