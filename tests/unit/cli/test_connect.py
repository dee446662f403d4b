"""Which engine a command talks to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pydock.cli import connect
from pydock.cli.console import Console, Output


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
