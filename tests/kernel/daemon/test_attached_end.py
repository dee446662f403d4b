"""What a client that is attached may send, and what it finds at the end of the output: a container that has ended."""

import socket

import pytest

from tests.kernel.daemon.daemon_process import Daemon, read_end, unframed


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


def test_detach_keys_mean_nothing_without_a_terminal(engine: Daemon) -> None:
    identity = engine.create("cat", OpenStdin=True, StdinOnce=True)
    with engine.upgrade(f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-p,ctrl-q") as sock:
        engine.ok("POST", f"/containers/{identity}/start")
        sock.sendall(b"\x10\x11")
        sock.shutdown(socket.SHUT_WR)
        assert unframed(read_end(sock)) == b"\x10\x11"
    engine.ok("DELETE", f"/containers/{identity}?force=1")
