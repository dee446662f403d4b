"""The steps of a process, each by itself."""

import os
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime.process_setup import LookUpUser
from pydock.runtime.spec import User
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


@pytest.mark.parametrize("user", [{"uid": 2**32 - 1}, {"uid": -1}, {"gid": 2**32}, {"additionalGids": [2**32 - 1]}])
def test_no_number_leaves_a_process_who_it_is(user: User, tmp_path: Path) -> None:
    """To setresuid(2) the largest means no change: the process would stay root."""
    context = Context(send_terminal=lambda master: None, await_cgroup=lambda: None)
    context.root = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(InvalidParameter):
            LookUpUser(user).execute(context)
    finally:
        os.close(context.root)
