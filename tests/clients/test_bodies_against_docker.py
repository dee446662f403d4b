"""Bodies with values of a wrong type, sent to pydock and to a real Docker Engine; both say the same."""

import json
import re

import pytest

from pydock.daemon.api.auth import AuthConfig
from pydock.daemon.api.containers import CreateRequest, UpdateRequest
from pydock.daemon.api.exec import ExecCreate
from pydock.daemon.api.go_json import GoObject
from pydock.daemon.api.networks import NetworkConnect, NetworkCreate
from pydock.daemon.api.volumes import VolumeCreate
from tests.clients.engines import Pair
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
