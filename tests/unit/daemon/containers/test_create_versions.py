"""What a create request means in older versions of the API, and what it may hold."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pydock.daemon.api.containers import CreateRequest, UpdateRequest
from pydock.daemon.api.create_versions import translate
from pydock.errors import InvalidParameter
from tests.unit.daemon.containers.made_containers import request, translated


def test_the_default_network_is_the_bridge() -> None:
    made = translate(
        CreateRequest.model_validate({
            "Image": "x", "HostConfig": {"NetworkMode": "default"},
            "NetworkingConfig": {"EndpointsConfig": {"default": {"Aliases": ["a"]}}},
        }),
        (1, 50),
    )  # fmt: skip
    assert made.host_config["NetworkMode"] == "bridge"
    assert list(made.endpoints) == ["bridge"]
    assert made.endpoints["bridge"]["Aliases"] == ["a"]


def test_nothing_to_make_a_container_of() -> None:
    bodies: list[dict[str, Any]] = [{}, {"HostConfig": {}}, {"Image": None}, {"Unknown": 1}]
    for body in bodies:
        with pytest.raises(InvalidParameter, match="config cannot be empty in order to create a container"):
            translate(CreateRequest.model_validate(body), (1, 50))


def test_null_is_not_given_and_case_does_not_matter() -> None:
    read = CreateRequest.model_validate_json(
        '{"image":"x","CMD":"ls","Env":null,"hostconfig":{"memory":5,"Binds":null}}'
    )
    assert (read.Image, read.Cmd, read.Env) == ("x", ["ls"], None)
    assert read.HostConfig is not None
    assert read.HostConfig.Memory == 5


@pytest.mark.parametrize(
    "body",
    [
        {"Cmd": 1}, {"Cmd": [1]}, {"Env": "x"}, {"Labels": {"a": 1}}, {"Tty": "yes"}, {"Tty": 1},
        {"ExposedPorts": ["80"]}, {"ExposedPorts": {"80/tcp": 1}}, {"Volumes": []}, {"StopTimeout": 1.5},
        {"HostConfig": []}, {"HostConfig": {"Memory": "1"}}, {"HostConfig": {"Memory": True}},
        {"HostConfig": {"Memory": 2**63}}, {"HostConfig": {"BlkioWeight": -1}}, {"HostConfig": {"Binds": [1]}},
        {"HostConfig": {"Mounts": [1]}}, {"HostConfig": {"PortBindings": {"80/tcp": {}}}},
        {"NetworkingConfig": {"EndpointsConfig": {"a": 1}}},
    ],
)  # fmt: skip
def test_types_are_strict(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CreateRequest.model_validate_json(json.dumps(body))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = sorted({*CreateRequest.model_fields})
_HOST_FIELDS = sorted({*UpdateRequest.model_fields, "Binds", "Mounts", "PortBindings", "LogConfig", "Init", "Tmpfs"})


@given(
    st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4),
    st.dictionaries(st.sampled_from(_HOST_FIELDS), _JSON, max_size=4),
)
def test_whatever_comes_is_read_or_refused(body: dict[str, Any], host: dict[str, Any]) -> None:
    text = json.dumps({**body, "HostConfig": host})
    try:
        made = translate(CreateRequest.model_validate_json(text), (1, 50))
    except (ValidationError, InvalidParameter):
        return
    json.dumps([made.config, made.host_config])


def test_what_is_written_is_read_again() -> None:
    body = {
        "Cmd": ["a"], "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5}, "StopTimeout": 0, "Shell": ["/bin/sh"],
    }  # fmt: skip
    mount = {"Type": "volume", "Target": "/x", "VolumeOptions": {"NoCopy": True, "DriverConfig": {"Name": "local"}}}
    first = request(body, Init=False, Mounts=[mount], Ulimits=[{"Name": "core", "Soft": 1, "Hard": 2}])
    assert first.HostConfig is not None
    again = CreateRequest.model_validate({**first.config(), "HostConfig": first.HostConfig.wire()})
    assert again.HostConfig is not None
    assert again.config() == first.config()
    assert again.HostConfig.wire() == first.HostConfig.wire()
    assert first.config()["StopTimeout"] == 0
    assert first.HostConfig.wire()["Mounts"] == [mount]


def test_before_1_44() -> None:
    made = translated(
        {"Healthcheck": {"Test": ["CMD"], "StartInterval": 5}, "MacAddress": "02:00:00:00:00:01"}, (1, 43)
    )
    assert "StartInterval" not in made.config["Healthcheck"]
    assert made.shallow_read_only
    assert made.endpoints == {"bridge": {"MacAddress": "02:00:00:00:00:01"}}
    assert made.warnings == []


@pytest.mark.parametrize(("version", "shared"), [((1, 40), True), ((1, 41), False)])
def test_control_groups_were_once_the_hosts(version: tuple[int, int], shared: bool) -> None:
    assert translated({}, version).shared_cgroups is shared


def test_the_containers_address_moves_to_its_network_with_a_warning() -> None:
    made = translated({"MacAddress": "02:00:00:00:00:01"})
    assert made.endpoints == {"bridge": {"MacAddress": "02:00:00:00:00:01"}}
    assert "MacAddress" not in made.config
    assert made.warnings[0].startswith("The container-wide MacAddress field is now deprecated.")


@pytest.mark.parametrize(
    ("version", "mount", "words"),
    [
        ((1, 43), {"Type": "bind", "BindOptions": {"ReadOnlyForceRecursive": True}}, "needs API v1.44 or newer"),
        ((1, 44), {"Type": "volume", "VolumeOptions": {"Subpath": "x"}}, "needs API v1.45 or newer"),
        ((1, 47), {"Type": "image"}, 'Mount type "Image" needs API v1.48 or newer'),
        ((1, 50), {"Type": "bind", "VolumeOptions": {}}, 'VolumeOptions must not be specified on mount type "bind"'),
    ],
)
def test_mounts_that_a_version_lacks(version: tuple[int, int], mount: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        translated(version=version, Mounts=[{"Target": "/x", "Source": "/y", **mount}])


def test_settings_of_an_interface() -> None:
    sysctls = {"net.ipv4.conf.eth0.route_localnet": "1", "net.core.somaxconn": "5"}
    made = translated(version=(1, 46), Sysctls=sysctls)
    assert made.host_config["Sysctls"] == {"net.core.somaxconn": "5"}
    options = made.endpoints["bridge"]["DriverOpts"]
    assert options == {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.route_localnet=1"}
    with pytest.raises(InvalidParameter, match="must be supplied using driver option"):
        translated(version=(1, 48), Sysctls=sysctls)


def test_no_limit_of_processes() -> None:
    assert translated(PidsLimit=-1).host_config["PidsLimit"] is None
    assert translated(PidsLimit=5).host_config["PidsLimit"] == 5
