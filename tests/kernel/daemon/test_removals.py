"""What goes with a container that is removed, and who removes it."""

import os
import subprocess
import sys

import pytest

from tests.kernel.daemon.daemon_process import IMAGE, Daemon


def test_a_container_takes_its_execs_along(engine: Daemon) -> None:
    identity = engine.run("sleep", "1000")
    ended, never = (
        engine.ok("POST", f"/containers/{identity}/exec", {"Cmd": ["false"], "AttachStdout": True})["Id"] for _ in "ab"
    )
    engine.ok("POST", f"/exec/{ended}/start", {"Detach": True})
    engine.ok("DELETE", f"/containers/{identity}?force=1")
    for one in (ended, never):
        assert engine.call("GET", f"/exec/{one}/json") == (404, {"message": f"No such exec instance: {one}"})
        assert engine.call("POST", f"/exec/{one}/start", {"Detach": True})[0] == 404


@pytest.mark.parametrize("version", ["1.24", "1.25"])
@pytest.mark.parametrize(("command", "code"), [("sh -c false", 1), ("nope", 127)])
def test_run_rm_leaves_nothing_in_any_version_of_the_api(engine: Daemon, version: str, command: str, code: int) -> None:
    program = "import sys; sys.argv[0] = 'pydock'; from pydock.cli.main import main; main()"
    words = ["run", "--rm", "--network", "none", "-v", "/v", IMAGE, *command.split()]
    environ = {**os.environ, "PYDOCK_HOST": f"unix://{engine.socket}", "DOCKER_API_VERSION": version}
    before = engine.get("/volumes")["Volumes"]
    done = subprocess.run([sys.executable, "-c", program, *words], env=environ, capture_output=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert engine.get("/containers/json?all=1") == []
    assert engine.get("/volumes")["Volumes"] == before
