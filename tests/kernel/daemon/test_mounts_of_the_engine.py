"""What the engine mounts for a container is in the container, also where the host's mounts are private."""

from typing import Any

from tests.kernel.daemon.daemon_process import Daemon


def shown(engine: Daemon, script: str, host: dict[str, Any]) -> str:
    """What a script prints in a container with a network, which takes longest to make."""
    identity = engine.shell(script, host={"NetworkMode": "bridge", **host})
    assert engine.wait(identity) == 0
    return engine.logs(identity).decode()


def test_volumes_with_options_and_paths_below_volumes(engine: Daemon) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000"}
    engine.ok("POST", "/volumes/create", {"Name": "memory", "DriverOpts": options})
    look = "grep ' /v ' /proc/mounts | cut -d' ' -f1-3; stat -c %u /v"
    for _ in range(5):
        assert shown(engine, look, {"Binds": ["memory:/v"]}) == "tmpfs /v tmpfs\n1000\n"
    engine.ok("POST", "/volumes/create", {"Name": "plain"})
    assert shown(engine, "mkdir /v/sub; echo x > /v/sub/file", {"Binds": ["plain:/v"]}) == ""
    below = {"Type": "volume", "Source": "plain", "Target": "/v", "VolumeOptions": {"Subpath": "sub"}}
    assert shown(engine, "ls /v", {"Mounts": [below]}) == "file\n"
    assert shown(engine, "mkdir /v/bin", {"Binds": ["plain:/v"]}) == ""
    filled = {"Type": "volume", "Source": "plain", "Target": "/bin", "VolumeOptions": {"Subpath": "bin"}}
    assert shown(engine, "ls /bin/sh", {"Mounts": [filled]}) == "/bin/sh\n"


def test_shared_memory_that_others_may_join(engine: Daemon) -> None:
    host = {"IpcMode": "shareable", "ShmSize": 1 << 20}
    for _ in range(5):
        assert shown(engine, "grep ' /dev/shm ' /proc/mounts | grep -o size=1024k", host) == "size=1024k\n"
