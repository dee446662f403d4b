"""What a start tells besides its answer."""

from tests.kernel.daemon.daemon_process import Daemon


def test_what_a_start_could_not_grant_stands_in_the_log(engine: Daemon) -> None:
    beyond = 1 << 40  # more files than any kernel has: setrlimit(2) refuses it to root, too
    limit = {"Name": "nofile", "Soft": beyond, "Hard": beyond}
    identity = engine.run("true", host={"Ulimits": [limit]})
    assert engine.wait(identity) == 0
    assert f"Container {identity}: RLIMIT_NOFILE is " in engine.log()
