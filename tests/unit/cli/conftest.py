"""A client without a daemon: an engine of scripted answers, and a console whose output the test reads."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pydock.cli import main
from pydock.cli.console import Console, Output
from pydock.client import address, wire
from pydock.client.engine import Engine, encode_query
from pydock.errors import NotFound


class Scripted(wire.Response):
    """An answer that needs no connection."""

    def __init__(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.status = 200
        self.headers = wire.Headers(headers)
        self.finished = self.reusable = False
        self._body = body

    def chunks(self) -> Iterator[bytes]:
        """The body in two pieces."""
        half = len(self._body) // 2
        yield from (piece for piece in (self._body[:half], self._body[half:]) if piece)

    def close(self) -> None:
        """Nothing to close."""


class FakeEngine(Engine):
    """Answers by method and path; `requests` has what was asked."""

    def __init__(self) -> None:
        super().__init__(address.parse("unix:///fake.sock"))
        self.answers: dict[str, Any] = {}
        self.requests: list[tuple[str, Any]] = []

    def request(
        self,
        method: str,
        path: str,
        query: Any = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> wire.Response:
        """The scripted answer; an exception is raised, bytes are sent as they are, all else as JSON."""
        if body is not None and not isinstance(body, bytes | int):
            body = b"".join(body)
        self.requests.append((f"{method} {path}{encode_query(query)}", body))
        answer = self.answers.get(
            f"{method} {path}", NotFound(f"Error response from daemon: no answer for {method} {path}")
        )
        if callable(answer) and not isinstance(answer, Exception):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        sent: Mapping[str, str] = {}
        if isinstance(answer, tuple):
            answer, sent = answer
        return Scripted(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), sent)

    def body(self, number: int = -1) -> Any:
        """The JSON of a request's body."""
        return json.loads(self.requests[number][1])


class Client:
    """The client in this process: run a command line, read what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = FakeEngine()
        self.environ = {"HOME": str(folder), "DOCKER_CONFIG": str(folder / "config"), "PATH": os.environ["PATH"]}
        self.out = self.err = ""
        self.stdin = b""

    def __call__(self, *words: str) -> int:
        """Run it; the exit code."""
        paths = [self.folder / name for name in ("stdin", "stdout", "stderr")]
        paths[0].write_bytes(self.stdin)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        outputs = [os.open(path, flags) for path in paths[1:]]
        console = Console(Output(outputs[0]), Output(outputs[1]), self.environ)
        console.stdin = os.open(paths[0], os.O_RDONLY)
        console.use_engine(self.engine)
        try:
            code = main.run(console, words)
            console.flush()
        finally:
            for descriptor in (console.stdin, *outputs):
                os.close(descriptor)
        self.out, self.err = (path.read_text() for path in paths[1:])
        return code

    def config(self, content: object) -> None:
        """Write config.json."""
        path = self.folder / "config" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client with an engine of scripted answers; times are shown in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    return Client(tmp_path)


@pytest.fixture
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let it be now what the test says."""

    def fix(seconds: float) -> None:
        monkeypatch.setattr("pydock.cli.format.text.time.time", lambda: seconds)

    return fix
