"""The steps of a process, each by itself."""

import os
from pathlib import Path

import pytest

from pydock.runtime.process_setup import LookUpUser
from pydock.runtime.steps import Context, Step
from pydock.runtime.terminal import MakeTerminal


class _Waits(Exception):
    pass


@pytest.mark.parametrize("step", [LookUpUser({"username": "app"}), LookUpUser({"uid": 1}), MakeTerminal(console=False)])
def test_what_a_container_may_have_put_there_is_opened_when_the_group_holds_the_process(
    step: Step, tmp_path: Path
) -> None:
    """A device could take its place, and before that nothing would forbid to open it."""

    def wait() -> None:
        raise _Waits

    context = Context(send_terminal=lambda master: None, await_cgroup=wait)
    context.root = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(_Waits):
            step.execute(context)
    finally:
        os.close(context.root)
