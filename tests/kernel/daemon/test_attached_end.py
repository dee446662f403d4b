"""What a client that was attached finds at the end of the output: a container that has ended."""

import pytest

from tests.kernel.daemon.daemon_process import Daemon, read_end


@pytest.mark.parametrize("network", ["none", "more"])
def test_who_has_seen_the_end_of_the_output_finds_the_exit_code(engine: Daemon, network: str) -> None:
    if network == "more":
        engine.ok("POST", "/networks/create", {"Name": network})
    for code in range(7, 17):
        identity = engine.create("sh", "-c", f"exit {code}", host={"NetworkMode": network})
        with engine.upgrade(f"/containers/{identity}/attach?stream=1&stdout=1&stderr=1") as sock:
            engine.ok("POST", f"/containers/{identity}/start")
            assert read_end(sock) == b""
            state = engine.state(identity)
        assert (state["Running"], state["ExitCode"]) == (False, code)
        if network == "more":
            assert engine.get("/networks/more")["Containers"] == {}
        engine.ok("DELETE", f"/containers/{identity}")
    if network == "more":
        engine.ok("DELETE", "/networks/more")
