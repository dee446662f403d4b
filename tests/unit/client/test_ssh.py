"""ssh:// addresses: the command line, and a connection through a program that stands in for ssh."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

from pydock.client import address, ssh
from pydock.client.engine import Engine
from pydock.errors import InvalidParameter, PydockError

THERE = "command -v pydock >/dev/null && exec pydock{0} system dial-stdio; exec docker{0} system dial-stdio"


@pytest.mark.parametrize(
    ("text", "words", "path"),
    [
        ("ssh://host", [], ""),
        ("ssh://me@host", ["-l", "me"], ""),
        ("ssh://me@host:2222", ["-l", "me", "-p", "2222"], ""),
        ("ssh://host/run/my.sock", [], " --host unix:///run/my.sock"),
    ],
)
def test_the_command_line_names_what_the_address_names(text: str, words: list[str], path: str) -> None:
    parsed = address.parse(text)
    expected = ["ssh", *words, "-o", "ConnectTimeout=30", "-T", "--", "host", THERE.format(path)]
    assert ssh.command(parsed) == expected


@pytest.mark.parametrize("text", ["ssh://", "ssh://me@", "ssh://host:x", "ssh://-oProxyCommand=x", "ssh://me:pw@host"])
def test_an_address_that_ssh_would_take_for_something_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        address.parse(text)


def _stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "ssh"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_requests_go_through_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os\nseen = b''\nwhile b'\\r\\n\\r\\n' not in seen: seen += os.read(0, 65536)\n"
        "assert seen.startswith(b'GET /v1.50/info HTTP/1.1')\n"
        "os.write(1, b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}')\n"
    )
    _stand_in(tmp_path, monkeypatch, script)
    with contextlib.closing(Engine(address.parse("ssh://host"))) as engine:
        assert engine.get("/info") == {}


def test_an_ssh_that_fails_ends_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(tmp_path, monkeypatch, "raise SystemExit(255)")
    with contextlib.closing(Engine(address.parse("ssh://host"))) as engine, pytest.raises(PydockError):
        engine.get("/info")
