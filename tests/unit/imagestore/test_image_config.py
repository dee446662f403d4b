"""Image configs are read as Go's decoder reads them: spelling, the forms that values come in, what is refused."""

import json
from typing import Any

import pytest

from pydock.errors import InvalidParameter
from pydock.imagestore import image_config

LAYER = f"sha256:{'0' * 64}"


def parsed(text: str) -> dict[str, Any]:
    return image_config.parse(f'{{"rootfs":{{"type":"layers","diff_ids":["{LAYER}"]}},{text}}}'.encode())


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ('"Config":{"cmd":["a"],"ENV":["A=b"]}', {"Cmd": ["a"], "Env": ["A=b"]}),
        ('"config":{"Cmd":["a"],"cmd":["b"]}', {"Cmd": ["b"]}),
        ('"config":{"Cmd":"a b","Entrypoint":"c","Shell":"d"}', {"Cmd": ["a b"], "Entrypoint": ["c"], "Shell": ["d"]}),
        ('"config":{"Cmd":[null,"a"],"Env":[null]}', {"Cmd": ["", "a"], "Env": [""]}),
        ('"config":{"Labels":{"a":null}}', {"Labels": {"a": ""}}),
        ('"config":{"Volumes":{"/a":null},"ExposedPorts":{"1/tcp":{"x":1}}}',
         {"Volumes": {"/a": {}}, "ExposedPorts": {"1/tcp": {}}}),
        ('"config":{"healthcheck":{"test":["NONE",null],"retries":3}}',
         {"Healthcheck": {"Test": ["NONE", ""], "Retries": 3}}),
    ],
)  # fmt: skip
def test_forms_of_a_run_config(text: str, config: dict[str, Any]) -> None:
    assert parsed(text)["config"] == config


def test_keys_of_every_level_whatever_their_case() -> None:
    config = {"RootFS": {"Type": "layers", "Diff_IDs": [LAYER]}, "OS": "Linux", "Architecture": "arm64",
              "History": [None, {"Created_By": "x", "Empty_Layer": True}]}  # fmt: skip
    value = image_config.parse(json.dumps(config).encode())
    assert image_config.diff_ids(value) == (LAYER,)
    assert value["architecture"] == "arm64"
    assert value["history"] == [{}, {"created_by": "x", "empty_layer": True}]


@pytest.mark.parametrize(
    "text",
    [
        '"config":[]', '"Config":{"env":"A=b"}', '"config":{"Cmd":[1]}', '"config":{"Labels":[]}',
        '"config":{"Volumes":{"/a":"x"}}', '"config":{"Tty":"yes"}', '"config":{"ArgsEscaped":"x"}',
        '"config":{"stoptimeout":5.5}', '"config":{"Healthcheck":{"Interval":1e30}}', '"OS":"windows"', '"os":1',
        '"history":{}', '"history":[1]', '"history":[{"empty_layer":"x"}]', '"Created":"now"',
    ],
)  # fmt: skip
def test_what_go_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parsed(text)


def test_what_is_no_utf8_is_the_replacement_character() -> None:
    value = image_config.parse(b'{"rootfs":{"type":"layers"},"author":"a\xffb"}')
    assert value["author"] == "a\ufffdb"
    with pytest.raises(InvalidParameter):
        image_config.parse('{"rootfs":{"type":"layers"}}'.encode("utf-16"))
