"""What each command may load: start-up is most of a short command's time."""

import subprocess
import sys

import pytest

#: modules that cost a millisecond and more; no everyday command needs any of them
HEAVY = {
    "asyncio", "ast", "click", "collections", "concurrent.futures", "contextlib", "csv", "dataclasses", "datetime",
    "email", "enum", "functools", "hashlib", "http.client", "inspect", "json", "logging", "pathlib", "pydantic",
    "random", "re", "requests", "rich", "selectors", "shutil", "socket", "ssl", "subprocess", "tarfile", "tempfile",
    "threading", "typing", "urllib.parse",
}  # fmt: skip
EVERYDAY = (
    *("attach", "diff", "exec", "images", "inspect", "kill", "logs", "pause", "port", "ps", "rename", "rm", "run"),
    *("start", "stop", "tag", "top", "unpause", "wait", "network ls", "volume ls", "history", "rmi"),
)
#: pydock's own modules that `run` loads before it asks the engine for anything
RUN_BUDGET = 24


def loaded(code: str) -> set[str]:
    """The modules that a new interpreter has after `code`, beyond those that it begins with."""
    script = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("path", EVERYDAY)
def test_an_everyday_command_loads_nothing_heavy(path: str) -> None:
    code = f"from pydock.cli import main; main.load({path!r}); from pydock.cli import connect, relay"
    assert not loaded(code) & HEAVY


def test_a_template_loads_nothing_heavy_either() -> None:
    code = "from pydock.cli import schema; from pydock.cli.template import execute"
    code += "; execute.parse('{{json .}}').execute({})"
    assert not loaded(code) & HEAVY


def test_run_loads_few_modules_of_our_own() -> None:
    code = "from pydock.cli import main; main.load('run'); from pydock.cli import connect, relay, signals"
    assert len([name for name in loaded(code) if name.startswith("pydock")]) <= RUN_BUDGET


def test_the_program_itself_loads_no_command() -> None:
    assert not [name for name in loaded("import pydock.cli.main") if name.startswith("pydock.cli.commands.")]
