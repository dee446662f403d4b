"""Which engine a command talks to."""

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
