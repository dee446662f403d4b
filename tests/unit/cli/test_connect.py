"""Which engine a command talks to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pydock.cli import connect
from pydock.cli.console import Console, Output
from pydock.cli.exits import Exit


@pytest.mark.parametrize(("context", "path"), [("", "/a"), ("default", "/a")])
def test_the_default_context_is_what_the_environment_says(context: str, path: str, tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": "unix:///a", "DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "other"}
    console = Console(Output(1), Output(2), environ)
    console.settings.context = context
    assert connect.engine(console).address.path == path


@pytest.mark.parametrize(
    "line", ["wait a b", "rm a b", "stop a b", "inspect a b", "stats --no-stream a b", "run image", "info", "rmi a b"]
)
def test_a_context_that_is_not_there_is_told_once(tmp_path: Path, line: str) -> None:
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nope", "PATH": os.environ["PATH"]}
    script = "from pydock.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *line.split()], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('Failed to initialize: unable to resolve docker endpoint: context "nope": ')
    assert done.stderr.count("\n") == 1


def headers(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """What an engine would send with each request."""
    console = Console(Output(1), Output(2), {"DOCKER_CONFIG": str(folder), "DOCKER_HOST": "unix:///a", **environ})
    engine = connect.engine(console)
    return dict(engine._head("/x", None, {})[1])


def test_the_environment_may_have_headers_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"HttpHeaders":{"X-File":"f"}}')
    assert headers({}, tmp_path)["X-File"] == "f"
    found = headers({"DOCKER_CUSTOM_HEADERS": 'x-a=b,"C=d,e",X-A= f'}, tmp_path)
    assert {name: found.get(name) for name in ("X-A", "C", "X-File")} == {"X-A": " f", "C": "d,e", "X-File": None}
    for text, told in (("x", "missing \"=\" in key=value pair: 'x'"), ("=x", "with an empty key: '=x'")):
        with pytest.raises(Exit, match=told):
            headers({"DOCKER_CUSTOM_HEADERS": text}, tmp_path)


@pytest.mark.parametrize(("host", "told"), [("fd://", "unable to parse"), ("foo://x", "unable to resolve docker end")])
def test_an_address_that_leads_nowhere_is_told(tmp_path: Path, host: str, told: str) -> None:
    console = Console(Output(1), Output(2), {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": host})
    with pytest.raises(Exit, match=f"^Failed to initialize: {told}"):
        connect.engine(console)
