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


def test_nobody_joins_the_network_of_one_that_waits(engine: Daemon) -> None:
    identity = _waiting(engine)
    joining = engine.create("true", host={"NetworkMode": f"container:{identity}"})
    refused = (
        "cannot join network namespace of container: Container {} is restarting, wait until the container is running"
    )
    assert engine.call("POST", f"/containers/{joining}/start") == (409, {"message": refused.format(identity)})


@pytest.mark.parametrize(
    ("policy", "own", "name", "again"),
    [
        ("always", "", "USR1", False),
        ("always", "USR2", "USR2", False),
        ("always", "USR2", "KILL", False),
        ("always", "USR2", "USR1", True),
        ("unless-stopped", "", "USR1", False),
        ("unless-stopped", "USR2", "USR1", False),
        ("on-failure", "", "USR1", False),
        ("on-failure", "USR2", "USR1", True),
    ],
)
def test_which_signals_end_a_container_for_good(engine: Daemon, policy: str, own: str, name: str, again: bool) -> None:
    identity = engine.shell(
        "trap 'exit 3' USR1 USR2; echo up; while :; do sleep 0.05; done",
        host={"RestartPolicy": {"Name": policy}},
        StopSignal=own,
    )
    eventually(lambda: engine.logs(identity) == b"up\n")
    engine.ok("POST", f"/containers/{identity}/kill?signal={name}")
    if again:
        eventually(lambda: engine.get(f"/containers/{identity}/json")["RestartCount"] == 1)
        return
    assert engine.wait(identity) == (137 if name == "KILL" else 3)
    assert engine.status(identity) == "exited"


def test_a_signal_that_meant_the_end_still_does_when_the_container_ends_later(engine: Daemon) -> None:
    identity = engine.shell("trap ':' USR1; echo up; while ! test -e /go; do sleep 0.05; done; exit 3", host=_ALWAYS)
    eventually(lambda: engine.logs(identity) == b"up\n")
    engine.ok("POST", f"/containers/{identity}/kill?signal=USR1")
    engine.execute(identity, "touch", "/go")
    assert engine.wait(identity) == 3
    assert engine.status(identity) == "exited"
    engine.ok("POST", f"/containers/{identity}/start")
    eventually(lambda: engine.get(f"/containers/{identity}/json")["RestartCount"] == 1)


def test_a_start_changes_nothing(engine: Daemon) -> None:
    identity = _waiting(engine)
    assert engine.call("POST", f"/containers/{identity}/start")[0] == 304
    count = engine.get(f"/containers/{identity}/json")["RestartCount"]
    eventually(lambda: engine.get(f"/containers/{identity}/json")["RestartCount"] > count)


def test_a_stop_by_a_signal_that_is_none_is_refused(engine: Daemon) -> None:
    identity = _waiting(engine)
    assert engine.call("POST", f"/containers/{identity}/stop?signal=BOGUS")[0] == 400
    assert engine.status(identity) != "exited"


def test_it_takes_no_exec(engine: Daemon) -> None:
    identity = _waiting(engine)
    status, value = engine.call("POST", f"/containers/{identity}/exec", {"Cmd": ["true"]})
    assert (status, value["message"]) == (
        409,
        f"Container {identity} is restarting, wait until the container is running",
    )
