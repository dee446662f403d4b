"""`go_types`: values of a wrong type in the wire models, in the words of Docker 28.5 (encoding/json of Go 1.27)."""

import pytest

from pydock.daemon.api.auth import AuthConfig
from pydock.daemon.api.containers import CreateRequest, UpdateRequest
from pydock.daemon.api.exec import ExecCreate
from pydock.daemon.api.go_json import GoObject
from pydock.daemon.api.networks import NetworkConnect, NetworkCreate
from pydock.daemon.api.volumes import VolumeCreate

CANNOT = "json: cannot unmarshal "


#: (model, body, what Docker cannot unmarshal); `tests.clients` asks a real Docker
WRONG: tuple[tuple[type[GoObject], str, str], ...] = (
    (CreateRequest, "[]", "array into Go value of type container.CreateRequest"),
    (CreateRequest, '{"Hostname":1}', "number into Go struct field .Hostname of type string"),
    (
        CreateRequest,
        '{"hostconfig":{"MEMORY":"x"}}',
        "string into Go struct field .hostconfig.MEMORY of type int64",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"Memory":1e3}}',
        "number 1e3 into Go struct field .HostConfig.Memory of type int64",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"Memory":9223372036854775808}}',
        "number 9223372036854775808 into Go struct field .HostConfig.Memory of type int64",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"BlkioWeight":65536}}',
        "number 65536 into Go struct field .HostConfig.BlkioWeight of type uint16",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"ConsoleSize":[1,-1]}}',
        "number -1 into .HostConfig.ConsoleSize.1 of type uint",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"ConsoleSize":{}}}',
        "object into Go struct field .HostConfig.ConsoleSize of type [2]uint",
    ),
    (
        CreateRequest,
        '{"Healthcheck":{"Interval":"1s"}}',
        "string into Go struct field .Healthcheck.Interval of type time.Duration",
    ),
    (CreateRequest, '{"Healthcheck":[]}', "array into Go struct field .Healthcheck of type v1.HealthcheckConfig"),
    (CreateRequest, '{"Env":[null,[1]]}', "array into .Env.1 of type string"),
    (CreateRequest, '{"Env":{}}', "object into Go struct field .Env of type []string"),
    (CreateRequest, '{"Cmd":[1]}', "array into Go value of type string"),
    (CreateRequest, '{"Entrypoint":true,"Tty":1}', "bool into Go value of type string"),
    (CreateRequest, '{"Tty":1,"Entrypoint":true}', "number into Go struct field .Tty of type bool"),
    (CreateRequest, '{"Volumes":[]}', "array into Go struct field .Volumes of type map[string]struct {}"),
    (CreateRequest, '{"ExposedPorts":{"80":1}}', "number into .ExposedPorts.80 of type struct {}"),
    (
        CreateRequest,
        '{"HostConfig":{"PortBindings":{"80/t~p":[{"HostPort":1}]}}}',
        "number into Go struct field .HostConfig.PortBindings.80~1t~0p.0.HostPort of type string",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"PortBindings":[]}}',
        "array into Go struct field .HostConfig.PortBindings of type nat.PortMap",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"NetworkMode":1}}',
        "number into Go struct field .HostConfig.NetworkMode of type container.NetworkMode",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"Mounts":[{"Type":"bind"},{"TmpfsOptions":{"Mode":"x"}}]}}',
        "string into Go struct field .HostConfig.Mounts.1.TmpfsOptions.Mode of type fs.FileMode",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"Ulimits":{}}}',
        "object into Go struct field .HostConfig.Ulimits of type []*units.Ulimit",
    ),
    (
        CreateRequest,
        '{"HostConfig":{"DeviceRequests":[{"Capabilities":[[1]]}]}}',
        "number into .HostConfig.DeviceRequests.0.Capabilities.0.0 of type string",
    ),
    (
        CreateRequest,
        '{"NetworkingConfig":{"EndpointsConfig":[]}}',
        "array into Go struct field .NetworkingConfig.EndpointsConfig of type map[string]*network.EndpointSettings",
    ),
    (UpdateRequest, '{"Devices":[1]}', "number into UpdateConfig.Devices.0 of type container.DeviceMapping"),
    (
        UpdateRequest,
        '{"Devices":1}',
        "number into Go struct field UpdateConfig.Devices of type []container.DeviceMapping",
    ),
    (ExecCreate, '{"Cmd":"ls"}', "string into Go struct field ExecOptions.Cmd of type []string"),
    (
        NetworkCreate,
        '{"IPAM":{"Config":{}}}',
        "object into Go struct field CreateRequest.IPAM.Config of type []network.IPAMConfig",
    ),
    (
        NetworkConnect,
        '{"EndpointConfig":{"GwPriority":1.5}}',
        "number 1.5 into Go struct field ConnectOptions.EndpointConfig.GwPriority of type int",
    ),
    (VolumeCreate, '{"Labels":{"a":1}}', "number into Go struct field CreateOptions.Labels.a of type string"),
    (AuthConfig, '{"username":{}}', "object into Go struct field .username of type string"),
)


@pytest.mark.parametrize(("model", "body", "mistake"), WRONG)
def test_a_value_of_a_wrong_type_is_told_as_go_does(model: type[GoObject], body: str, mistake: str) -> None:
    with pytest.raises(ValueError):
        model.model_validate_json(body)
    assert model.mistyped(body.encode()) == CANNOT + mistake


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (CreateRequest, "null"),
        (CreateRequest, '{"Cmd":"ls","Entrypoint":[null],"Env":null,"Unknown":1,"Tty":null}'),
        (CreateRequest, '{"HostConfig":{"ConsoleSize":[1,null,"x"],"Memory":-0,"Mounts":[null],"Init":null}}'),
        (CreateRequest, '{"HostConfig":{"DeviceRequests":[{"Capabilities":[null,[null]]}]}}'),
        (CreateRequest, '{"HostConfig":{"PortBindings":{"80":null,"81":[null]}},"Volumes":{"/v":null}}'),
        (CreateRequest, '{"NetworkingConfig":{"EndpointsConfig":{"n":null,"m":{"IPAMConfig":null}}}}'),
        (NetworkCreate, '{"IPAM":{"Config":[null]},"EnableIPv6":null,"labels":{"a":null}}'),
    ],
)
def test_what_go_takes_is_taken(model: type[GoObject], body: str) -> None:
    model.model_validate_json(body)
    assert model.mistyped(body.encode()) == ""
