"""Bodies with odd values in every field: made or refused with 4xx, never an error of the engine's, nothing left."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel.daemon.daemon_process import IMAGE, Daemon

ODD: list[Any] = [-1, 2**63, "a\0b", "a\nb\ud800", [None], {"": {}}]
CONTAINER: dict[str, Any] = {
    "Hostname": "h", "Domainname": "d", "User": "0", "ExposedPorts": {"80/tcp": {}}, "Env": ["A=b"], "Cmd": ["true"],
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10**9, "Retries": 2}, "Volumes": {"/v": {}},
    "WorkingDir": "/", "Entrypoint": ["sh"], "Labels": {"a": "b"}, "StopSignal": "SIGTERM", "StopTimeout": 3,
    "HostConfig": {
        "Binds": ["/tmp:/b:ro"], "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        "NetworkMode": "none", "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": ""}]},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "CapAdd": ["NET_ADMIN"], "Dns": ["127.0.0.1"],
        "DnsOptions": ["ndots:1"], "DnsSearch": ["x"], "ExtraHosts": ["a:1.2.3.4"], "GroupAdd": ["5"],
        "IpcMode": "private", "OomScoreAdj": 5, "SecurityOpt": ["no-new-privileges"], "Tmpfs": {"/t": "size=1m"},
        "ShmSize": 100_000, "Sysctls": {"net.core.somaxconn": "1"}, "CgroupParent": "", "CpuShares": 1024,
        "Memory": 10**8, "PidsLimit": 100, "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 10}],
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}],
        "DeviceCgroupRules": ["c 1:3 rwm"], "Mounts": [{"Type": "tmpfs", "Target": "/m"}], "CgroupnsMode": "host",
    },
}  # fmt: skip
NETWORK: dict[str, Any] = {
    "Name": "odd", "Driver": "bridge", "Internal": False, "Options": {"com.docker.network.driver.mtu": "1400"},
    "IPAM": {"Driver": "default", "Config": [{"Subnet": "198.18.250.0/24", "Gateway": "198.18.250.1"}]},
    "Labels": {"a": "b"},
}  # fmt: skip
VOLUME = {"Name": "odd", "Driver": "local", "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}, "Labels": {"a": "b"}}
UPDATE = {"CpuShares": 5, "PidsLimit": 5, "CpuQuota": 1000, "CpusetCpus": "0", "RestartPolicy": {"Name": "no"}}
EXEC = {"Cmd": ["true"], "Env": ["A=b"], "User": "0", "WorkingDir": "/", "DetachKeys": "ctrl-p", "Tty": False}


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in `value`."""
    if place:
        yield place
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*place, key))


def spoilt(value: Any) -> Iterator[Any]:
    """`value` with each odd value in each place."""
    for place in places(value):
        for odd in ODD:
            copy = json.loads(json.dumps(value))
            inner = copy
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = odd
            yield copy


@pytest.mark.parametrize(
    ("path", "sound", "made"),
    [
        ("/containers/create", CONTAINER, "/containers/{Id}?force=1&v=1"),
        ("/networks/create", NETWORK, "/networks/{Id}"),
        ("/volumes/create", VOLUME, "/volumes/{Name}"),
        ("/containers/victim/update", UPDATE, ""),
        ("/containers/victim/exec", EXEC, ""),
    ],
)
def test_odd_values_are_the_clients_fault(engine: Daemon, path: str, sound: dict[str, Any], made: str) -> None:
    engine.run("sleep", "1000", name="victim")
    before = [engine.get(f"/{kind}") for kind in ("networks", "volumes")]
    body = {"Image": IMAGE, **sound} if path == "/containers/create" else sound
    for odd in (body, *spoilt(body)):
        status, answer = engine.call("POST", path, odd)
        assert status < 500, (odd, answer)
        if status >= 400:
            assert list(answer) == ["message"]
            assert answer["message"]
        elif made:
            engine.ok("DELETE", made.format(**answer))
    assert [engine.get(f"/{kind}") for kind in ("networks", "volumes")] == before
    assert [each["Names"] for each in engine.get("/containers/json?all=1")] == [["/victim"]]
