"""Bodies that are odd, sent to pydock and to a real Docker Engine; both say and do the same."""

import json
import re
from typing import Any

import pytest

from pydock.daemon.api.auth import AuthConfig
from pydock.daemon.api.containers import CreateRequest, UpdateRequest
from pydock.daemon.api.exec import ExecCreate
from pydock.daemon.api.go_json import GoObject
from pydock.daemon.api.networks import NetworkConnect, NetworkCreate
from pydock.daemon.api.volumes import VolumeCreate
from tests.clients.engines import Engine, Pair
from tests.unit.daemon.api.test_go_types import WRONG

PATHS: dict[type[GoObject], str] = {
    AuthConfig: "/auth",
    CreateRequest: "/containers/create",
    UpdateRequest: "/containers/@no/update",
    ExecCreate: "/containers/@no/exec",
    NetworkConnect: "/networks/@no/connect",
    NetworkCreate: "/networks/create",
    VolumeCreate: "/volumes/create",
}
#: since this one Go names a place as the body does
GO = (1, 27)


def test_values_of_a_wrong_type(pair: Pair) -> None:
    built_with = re.match(r"go(\d+)\.(\d+)", pair.docker.api("GET", "/version").value["GoVersion"])
    if not built_with or (int(built_with[1]), int(built_with[2])) < GO:
        pytest.skip("the Docker at hand was built with an older Go, which words this otherwise")
    questions = [(PATHS[model], json.loads(body)) for model, body, _ in WRONG]
    pair.compare(lambda on: [on.api("POST", *question).value for question in questions])


#: (exposed, bound): what is shown of the ports of a container that runs
PORTS: tuple[tuple[list[str], dict[str, Any]], ...] = (
    ([], {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "39481"}], "81/tcp": None, "82/odd": [], "": []}),
    (["80"], {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "39481"}]}),
    (["80"], {"80": [{"HostIp": "127.0.0.1", "HostPort": "39481"}]}),
    (["80/odd", "x", "", "81-82/udp", "70000/sctp", "83/tcp/x", "/tcp"], {}),
)


def test_odd_ports(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen: list[Any] = []
        for exposed, bound in PORTS:
            body = {
                "Image": "@box", "Cmd": ["sleep", "600"], "Hostname": "a b",
                "ExposedPorts": {port: {} for port in exposed}, "HostConfig": {"PortBindings": bound},
            }  # fmt: skip
            seen.append(on.api("POST", "/containers/create?name=@c", body).status)
            seen.append(on.api("POST", "/containers/@c/start").status)
            shown = on.api("GET", "/containers/@c/json").value
            seen.append((shown["NetworkSettings"]["Ports"], shown["Config"].get("ExposedPorts")))
            seen.append(on.ok("exec @c hostname"))
            on.ok("rm -f @c")
        return seen

    pair.compare(scene)
