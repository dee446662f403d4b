"""Questions on a terminal: who interrupts one has changed their mind, and nothing goes wrong."""

import os
import signal
import sys
from pathlib import Path

import pexpect
import pytest

CLIENT = (sys.executable, "-c", "from pydock.cli.main import main; main()")


@pytest.mark.parametrize(
    ("words", "asked", "key", "code", "told"),
    [
        (("container", "prune"), "[y/N] ", "\x03", 0, ""),
        (("system", "prune"), "[y/N] ", "\x03", 0, ""),
        (("container", "prune"), "[y/N] ", "n\r", 0, "n"),
        (("login", "host"), "Username: ", "\x03", 0, ""),
        (("login", "-u", "me", "host"), "Password: ", "\x03", 0, ""),
        (("login", "host"), "Username: ", "\x04", 1, "Error: Non-null Username Required"),
        (("login", "-u", "me", "host"), "Password: ", "\x04", 1, "Error: Password Required"),
    ],
)
def test_a_question_may_be_left_open(
    tmp_path: Path, words: tuple[str, ...], asked: str, key: str, code: int, told: str
) -> None:
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "unix:///none", "PATH": os.environ["PATH"]}
    program, *rest = [*CLIENT, *words]
    child = pexpect.spawn(
        program, rest, env={**environ, "TERM": "xterm"}, encoding="utf-8", timeout=20, preexec_fn=_heed_interrupts
    )
    child.expect_exact(asked)
    child.send(key)
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, (child.before or "").replace("^C", "").strip()) == (code, told)


def _heed_interrupts() -> None:
    """The tests may run in the background, where a shell has these ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
