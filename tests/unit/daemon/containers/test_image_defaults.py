"""What a container takes over from its image."""

from typing import Any

import pytest

from pydock.daemon.containers import image_defaults
from pydock.errors import InvalidParameter
from tests.unit.daemon.containers.made_containers import translated

IMAGE: dict[str, Any] = {
    "User": "app",
    "Env": ["PATH=/bin", "A=image"],
    "Cmd": ["serve"],
    "Entrypoint": ["/init"],
    "WorkingDir": "/srv",
    "Labels": {"a": "image", "b": "image"},
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/data": {}},
    "StopSignal": "SIGINT",
    "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5, "Retries": 2},
}


def merged(body: dict[str, Any]) -> dict[str, Any]:
    config = translated(body).config
    image_defaults.merge(config, IMAGE)
    image_defaults.finish(config)
    return config


def test_everything_where_nothing_is_said() -> None:
    config = merged({})
    for key in ("User", "Env", "Cmd", "Entrypoint", "WorkingDir", "Labels", "ExposedPorts", "Volumes", "StopSignal"):
        assert config[key] == IMAGE[key]


def test_variables_labels_ports_and_volumes_are_added() -> None:
    config = merged(
        {"Env": ["A=own"], "Labels": {"a": "own"}, "ExposedPorts": {"443/tcp": {}}, "Volumes": {"/own": {}}}
    )
    assert config["Env"] == ["A=own", "PATH=/bin"]
    assert config["Labels"] == {"a": "own", "b": "image"}
    assert list(config["ExposedPorts"]) == ["443/tcp", "80/tcp"]
    assert set(config["Volumes"]) == {"/data", "/own"}


def test_an_entrypoint_of_its_own_drops_the_images_command() -> None:
    config = merged({"Entrypoint": ["/own"]})
    assert (config["Entrypoint"], config["Cmd"]) == (["/own"], None)


def test_a_command_of_its_own_keeps_the_images_entrypoint() -> None:
    config = merged({"Cmd": ["x"]})
    assert (config["Entrypoint"], config["Cmd"]) == (["/init"], ["x"])


def test_an_empty_entrypoint_takes_the_images_away() -> None:
    config = merged({"Entrypoint": [""], "Cmd": ["x"]})
    assert (config["Entrypoint"], config["Cmd"]) == (None, ["x"])


def test_a_health_check_is_filled_up() -> None:
    config = merged({"Healthcheck": {"Interval": 9}})
    assert config["Healthcheck"] == {"Test": ["CMD", "x"], "Interval": 9, "Retries": 2}


def test_nothing_to_run() -> None:
    config = translated({}).config
    with pytest.raises(InvalidParameter, match="no command specified"):
        image_defaults.finish(config)
