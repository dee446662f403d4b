"""Configs of images that are made here."""

import json
from typing import Any

import pytest

from pydock.daemon.images import composing
from pydock.daemon.images.composing import EMPTY_LAYER, Note
from pydock.imagestore.platforms import Platform

NOW = 1_700_000_000_123_456_789
CREATED = "2023-11-14T22:13:20.123456789Z"


def test_an_imported_image_is_one_layer() -> None:
    made = json.loads(composing.imported(Platform("linux", "arm64", "v8"), {"Cmd": ["x"]}, "sha256:1", "said", NOW))
    assert made["rootfs"] == {"type": "layers", "diff_ids": ["sha256:1"]}
    assert made["history"] == [{"created": CREATED, "comment": "said"}]
    assert (made["os"], made["architecture"], made["variant"]) == ("linux", "arm64", "v8")
    assert (made["created"], made["comment"], bool(made["docker_version"])) == (CREATED, "said", True)
    assert made["config"]["Cmd"] == ["x"]
    assert made["config"]["Env"] is None
    assert "variant" not in json.loads(composing.imported(Platform("linux", "amd64"), {}, "sha256:1", "", NOW))


PARENT = {
    "architecture": "amd64",
    "os": "linux",
    "author": "of the parent",
    "config": {"Cmd": ["parent"]},
    "history": [{"created_by": "first"}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]},
}


def test_a_commit_adds_a_layer_and_a_step() -> None:
    encoded = composing.committed(
        PARENT, "c" * 64, {"Cmd": ["ran"]}, {"Cmd": ["new"]}, "sha256:2", Note("me", "why", "ran"), NOW
    )
    made = json.loads(encoded)
    assert made["rootfs"]["diff_ids"] == ["sha256:1", "sha256:2"]
    assert made["history"] == [
        {"created_by": "first"},
        {"created": CREATED, "created_by": "ran", "author": "me", "comment": "why"},
    ]
    assert (made["author"], made["container"]) == ("me", "c" * 64)
    assert (made["config"]["Cmd"], made["container_config"]["Cmd"]) == (["new"], ["ran"])
    # the digest is the image's ID: the same content has to be the same bytes
    assert list(made) == sorted(made)
    assert b" " not in encoded.replace(b"of the parent", b"")


def test_a_commit_without_changes_adds_a_step_alone() -> None:
    made = json.loads(composing.committed(PARENT, "c" * 64, {}, {}, EMPTY_LAYER, Note(), NOW))
    assert made["rootfs"]["diff_ids"] == ["sha256:1"]
    assert made["history"][-1] == {"created": CREATED, "empty_layer": True}


BASE: dict[str, Any] = {
    "Cmd": ["base"],
    "Entrypoint": ["entry"],
    "Env": ["A=1", "B=2"],
    "ExposedPorts": {"1/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5},
    "Labels": {"k": "v"},
    "StopSignal": "9",
    "User": "u",
    "Volumes": {"/v": {}},
    "WorkingDir": "/w",
}


@pytest.mark.parametrize(
    ("config", "changed"),
    [
        ({}, {}),
        (
            {"User": "me", "WorkingDir": "/x", "StopSignal": "15"},
            {"User": "me", "WorkingDir": "/x", "StopSignal": "15"},
        ),
        ({"Env": ["B=3", "C=4"]}, {"Env": ["B=3", "C=4", "A=1"]}),
        ({"Labels": {"k": "w", "l": "x"}}, {"Labels": {"k": "w", "l": "x"}}),
        ({"ExposedPorts": {"2/tcp": {}}}, {"ExposedPorts": {"1/tcp": {}, "2/tcp": {}}}),
        ({"Volumes": {"/x": {}}}, {"Volumes": {"/v": {}, "/x": {}}}),
        ({"Cmd": ["mine"]}, {"Cmd": ["mine"]}),
        ({"Entrypoint": ["mine"]}, {"Entrypoint": ["mine"], "Cmd": None}),
        ({"Entrypoint": []}, {"Entrypoint": []}),
        ({"Healthcheck": {"Retries": 2}}, {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 5, "Retries": 2}}),
        ({"Hostname": "kept"}, {"Hostname": "kept"}),
    ],
    ids=repr,
)
def test_what_a_config_leaves_open_is_the_containers(config: dict[str, Any], changed: dict[str, Any]) -> None:
    merged = composing.merged(config, BASE)
    assert {key: value for key, value in merged.items() if value is not None} == {
        key: value for key, value in {**BASE, **changed}.items() if value is not None
    }


def test_nothing_merged_with_nothing() -> None:
    assert composing.merged({}, {}) == {
        "Cmd": None, "Entrypoint": None, "Env": None, "Labels": {}, "User": "", "Volumes": None, "WorkingDir": "",
    }  # fmt: skip
