"""What the commands of volumes ask the engine for."""

from typing import Any


def test_create_tells_what_was_told(client: Any) -> None:
    client.engine.answers["POST /volumes/create"] = {"Name": "v"}
    assert client("volume", "create", "v") == 0
    assert client.engine.body() == {"Name": "v", "Driver": "local"}
    assert client("volume", "create", "-o", "type=tmpfs", "--label", "a=b", "--label", "c") == 0
    assert client.engine.body() == {"Driver": "local", "DriverOpts": {"type": "tmpfs"}, "Labels": {"a": "b", "c": ""}}


def test_no_volume_of_one_machine_is_a_cluster_volume(client: Any) -> None:
    client.engine.answers["GET /volumes"] = {"Volumes": [{"Name": "v", "Driver": "local"}]}
    assert client("volume", "ls", "--cluster", "--format", "{{.Name}}") == 0
    assert client.out.split() == ["VOLUME", "NAME", "GROUP", "DRIVER", "AVAILABILITY", "STATUS"]
    assert client("volume", "ls", "--cluster", "-q") == 0
    assert client.out == ""
