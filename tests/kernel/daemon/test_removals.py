"""What goes with a container that is removed."""

from tests.kernel.daemon.daemon_process import Daemon


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
