"""Debian's docker-registry on loopback, and engines to talk to it: pydockd of the test's own, and real Docker."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: me:secret, as htpasswd -B writes it
_HTPASSWD = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"


class RealRegistry:
    """A docker-registry; ``host`` is its HOST:PORT."""

    def __init__(self, folder: Path, auth: bool = False, certificate: Path | None = None) -> None:
        folder.mkdir(parents=True)
        self.host = f"127.0.0.1:{free_port()}"
        lines = [
            "version: 0.1",
            "log:",
            "  level: error",
            "storage:",
            "  filesystem:",
            f"    rootdirectory: {folder}/data",
        ]
        lines += ["http:", f"  addr: {self.host}"]
        if certificate is not None:
            lines += ["  tls:", f"    certificate: {certificate}", f"    key: {certificate}"]
        if auth:
            (folder / "htpasswd").write_text(_HTPASSWD)
            lines += ["auth:", "  htpasswd:", "    realm: test", f"    path: {folder}/htpasswd"]
        (folder / "config.yml").write_text("\n".join(lines) + "\n")
        program = shutil.which("docker-registry")
        assert program
        self._process = subprocess.Popen(
            [program, "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        host, _, port = self.host.partition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@dataclass(frozen=True)
class Engine:
    """An engine by its socket."""

    name: str
    path: str

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Status and body of one request."""
        with contextlib.closing(http.client.HTTPConnection("engine")) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(self.path)
            connection.request(method, f"/v1.50{path}", body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def stream(self, path: str, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The messages that a POST is answered with."""
        _, body = self.request("POST", path, headers)
        return [json.loads(line) for line in body.splitlines()]

    def forget(self, *names: str) -> None:
        """Remove images, if they are there."""
        for name in names:
            self.request("DELETE", f"/images/{name}?force=1")

    def images(self) -> list[dict[str, Any]]:
        """All images."""
        found: list[dict[str, Any]] = json.loads(self.request("GET", "/images/json")[1])
        return found


class Daemon:
    """A pydockd with roots of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = Engine("pydock", str(folder / "pydock.sock"))
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pydock.daemon.main", "--data-root", folder / "data", "--exec-root", folder / "exec",
             "-H", f"unix://{self.engine.path}", "--pidfile", folder / "pid", "--bridge", "none"],
            stdout=log, stderr=log,
        )  # fmt: skip
        os.close(log)
        try:
            wait_for(self._answers, 120)
        except BaseException:
            self.close()
            raise

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            return self.engine.request("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


def wait_for(condition: Any, seconds: float = 30) -> None:
    """Wait until `condition()` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def auth_header(user: str, password: str) -> dict[str, str]:
    """The header that carries credentials."""
    fields = json.dumps({"username": user, "password": password}).encode()
    return {"X-Registry-Auth": base64.urlsafe_b64encode(fields).decode()}


def real_docker() -> str:
    """The socket of a real Docker Engine to compare with, "" for none."""
    return os.environ.get("PYDOCK_TEST_DOCKER_SOCKET", "").removeprefix("unix://")
