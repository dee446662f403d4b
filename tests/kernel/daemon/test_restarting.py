"""A container that waits for its restart: what a kill and an exec make of it."""

import pytest

from tests.kernel.daemon.daemon_process import Daemon, eventually

_ALWAYS = {"RestartPolicy": {"Name": "always"}}


def _waiting(engine: Daemon) -> str:
    identity = engine.run("sh", "-c", "exit 4", host=_ALWAYS)
    # the pause before a restart doubles each time: by now it is long enough to look at
    eventually(lambda: engine.get(f"/containers/{identity}/json")["RestartCount"] >= 4)
    eventually(lambda: engine.status(identity) == "restarting")
    return identity


@pytest.mark.parametrize("name", ["KILL", "USR1"])
def test_a_kill_ends_the_waiting(engine: Daemon, name: str) -> None:
    identity = _waiting(engine)
    assert engine.call("POST", f"/containers/{identity}/kill?signal={name}") == (204, None)
    state = engine.state(identity)
    assert (state["Status"], state["ExitCode"]) == ("exited", 4)
    assert engine.wait(identity) == 4


def test_it_takes_no_exec(engine: Daemon) -> None:
    identity = _waiting(engine)
    status, value = engine.call("POST", f"/containers/{identity}/exec", {"Cmd": ["true"]})
    assert (status, value["message"]) == (
        409,
        f"Container {identity} is restarting, wait until the container is running",
    )
