"""A registry in memory that does what it should, or whatever a test makes it do instead.

Speaks the distribution API for pull and push, token and basic auth.  A test puts functions into ``hooks``: the first
whose prefix fits a request answers it, unless it returns False.
"""

import base64
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.imagestore.registry.made_images import MadeImage, digest_of

Hook = Callable[["Handler"], bool | None]


class FaultyRegistry:
    """The registry; a context manager that serves on a loopback port."""

    def __init__(self, certificate: str = "") -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.uploads: dict[str, bytearray] = {}
        self.repositories: dict[str, set[str]] = {}
        self.hooks: list[tuple[str, str, Hook]] = []
        #: "METHOD path" of every request, and its Authorization header
        self.seen: list[tuple[str, str]] = []
        self.user: tuple[str, str] | None = None
        self.token_server = ""
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.registry = self
        self._tls = bool(certificate)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The root of the API."""
        return f"http{'s' if self._tls else ''}://{self.host}"

    def __enter__(self) -> "FaultyRegistry":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, repository: str, tag: str, image: MadeImage) -> None:
        """Hold an image under a tag and its digest."""
        self.blobs |= image.blobs
        self.repositories.setdefault(repository, set()).update(image.blobs)
        self.add_manifest(repository, tag, image.manifest, image.media_type)

    def add_manifest(self, repository: str, tag: str, content: bytes, media_type: str) -> str:
        """Hold a manifest under a tag ("" for none) and its digest."""
        digest = digest_of(content)
        for reference in filter(None, (tag, digest)):
            self.manifests[repository, reference] = (media_type, content)
        return digest

    def on(self, method: str, prefix: str, hook: Hook) -> None:
        """Have `hook` answer the requests for paths that begin with `prefix`."""
        self.hooks.append((method, prefix, hook))

    def requests(self, text: str) -> list[str]:
        """The requests so far whose line holds `text`."""
        return [line for line, _ in self.seen if text in line]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: FaultyRegistry

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that break off are nothing to report."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    @property
    def registry(self) -> FaultyRegistry:
        """The registry that this is a connection of."""
        return self.server.registry

    def do(self) -> None:
        """Answer one request."""
        registry = self.registry
        registry.seen.append((f"{self.command} {self.path}", self.headers.get("Authorization", "")))
        self.body = self._read_body()
        for method, prefix, hook in registry.hooks:
            if self.command == method and self.path.startswith(prefix) and hook(self) is not False:
                return
        path = urlsplit(self.path).path
        if path == "/token":
            self._token()
        elif not self._allowed():
            scheme = (
                f'Bearer realm="{registry.token_server}",service="here"' if registry.token_server else "Basic realm=r"
            )
            self.error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": scheme})
        elif path == "/v2/":
            self.answer(200, b"{}", {"Content-Type": "application/json"})
        elif match := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path):
            self._manifest(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/blobs/uploads/([^/]*)", path):
            self._upload(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/blobs/([^/]+)", path):
            self._blob(match[2])
        elif match := re.fullmatch(r"/v2/(.+)/tags/list", path):
            tags = sorted(tag for name, tag in registry.manifests if name == match[1] and ":" not in tag)
            self.answer(200, json.dumps({"name": match[1], "tags": tags}).encode())
        else:
            self.error(404, "UNSUPPORTED", "nothing there")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _allowed(self) -> bool:
        registry = self.registry
        given = self.headers.get("Authorization", "")
        if registry.token_server:
            return given == "Bearer good"
        return registry.user is None or given == _basic(*registry.user)

    def _token(self) -> None:
        given = self.headers.get("Authorization", "")
        if self.registry.user is not None and given != _basic(*self.registry.user):
            self.error(401, "UNAUTHORIZED", "incorrect username or password")
        else:
            self.answer(200, json.dumps({"token": "good", "refresh_token": "again"}).encode())

    def _manifest(self, repository: str, reference: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            media_type = self.headers.get("Content-Type", "")
            registry.add_manifest(repository, "" if ":" in reference else reference, self.body, media_type)
            self.answer(201, b"", {"Docker-Content-Digest": digest_of(self.body)})
            return
        found = registry.manifests.get((repository, reference))
        if found is None:
            self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        self.answer(200, found[1], {"Content-Type": found[0], "Docker-Content-Digest": digest_of(found[1])})

    def _blob(self, digest: str) -> None:
        data = self.registry.blobs.get(digest)
        if data is None:
            self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted:
            start = int(wanted[1])
            self.answer(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            self.answer(200, data, {"Docker-Content-Digest": digest})

    def _upload(self, repository: str, session: str) -> None:
        registry = self.registry
        query = parse_qs(urlsplit(self.path).query)
        if self.command == "POST":
            mount = query.get("mount", [""])[0]
            if mount in registry.repositories.get(query.get("from", [""])[0], ()):
                registry.repositories.setdefault(repository, set()).add(mount)
                self.answer(201, b"", {"Location": f"/v2/{repository}/blobs/{mount}"})
                return
            session = f"upload-{len(registry.uploads)}"
            registry.uploads[session] = bytearray()
        if self.command == "DELETE":
            self.answer(204 if registry.uploads.pop(session, None) is not None else 404)
            return
        if session not in registry.uploads:
            self.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
            return
        start = (self.headers.get("Content-Range") or "").partition("-")[0]
        if start and int(start) != len(registry.uploads[session]):
            self.error(416, "BLOB_UPLOAD_INVALID", "blob upload invalid")
            return
        registry.uploads[session] += self.body
        location = {"Location": f"/v2/{repository}/blobs/uploads/{session}?state=x"}
        if self.command != "PUT":
            last = max(len(registry.uploads[session]) - 1, 0)
            self.answer(204 if self.command == "GET" else 202, b"", location | {"Range": f"0-{last}"})
            return
        data = bytes(registry.uploads.pop(session))
        digest = query["digest"][0]
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        registry.blobs[digest] = data
        registry.repositories.setdefault(repository, set()).add(digest)
        self.answer(201, b"", {"Location": f"/v2/{repository}/blobs/{digest}"})

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        """Send an error as registries write it."""
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, body, {"Content-Type": "application/json"} | (headers or {}))

    def redirect(self, location: str, status: int = 307) -> None:
        """Send the client elsewhere."""
        self.answer(status, b"", {"Location": location})

    def drop(self) -> None:
        """Close the connection as it is."""
        self.close_connection = True


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
