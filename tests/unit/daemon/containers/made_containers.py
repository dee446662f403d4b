"""Containers for the tests of records, specs and lists: made from create requests, without an engine."""

import json
from pathlib import Path
from typing import Any

from pydock.daemon.api.containers import CreateRequest
from pydock.daemon.api.create_versions import Translated, translate
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.host_features import HostFeatures
from pydock.daemon.containers.record import Container, MountPoint, State
from pydock.daemon.networks.settings import EndpointSettings

#: a machine with control groups of version 1 and everything in them
V1 = HostFeatures(
    cgroup_version=1,
    memory_swappiness=True,
    kernel_memory=True,
    oom_kill_disable=True,
    cpus="0-3",
    mems="0",
    cpu_count=4,
)


def request(body: dict[str, Any] | None = None, **host: Any) -> CreateRequest:
    """A create request: an image, and what `body` and HostConfig's `host` say."""
    return CreateRequest.model_validate_json(json.dumps({"Image": "img", **(body or {}), "HostConfig": host}))


def translated(body: dict[str, Any] | None = None, version: tuple[int, int] = (1, 50), **host: Any) -> Translated:
    """The same, as the newest API version has it."""
    return translate(request(body, **host), version)


def container(
    body: dict[str, Any] | None = None,
    *,
    id: str = "a" * 64,
    name: str = "box",
    created: int = 1,
    mounts: tuple[MountPoint, ...] = (),
    state: State | None = None,
    sandbox: dict[str, Any] | None = None,
    endpoints: dict[str, EndpointSettings] | None = None,
    image: str = "sha256:" + "1" * 64,
    **host: Any,
) -> Container:
    """A record as create leaves it, but for what only a machine can say."""
    made = translated(body, **host)
    config, settings = made.config, made.host_config
    config["Hostname"] = config["Hostname"] or id[:12]
    config["Labels"] = config["Labels"] or {}
    settings["IpcMode"] = settings["IpcMode"] or "private"
    settings["CgroupnsMode"] = settings["CgroupnsMode"] or "host"
    settings["ShmSize"] = settings["ShmSize"] or 64 << 20
    settings["LogConfig"]["Type"] = settings["LogConfig"]["Type"] or "json-file"
    command = [*(config["Entrypoint"] or ()), *(config["Cmd"] or ("true",))]
    return Container(
        id=id,
        name=name,
        created=created,
        image=image,
        path=command[0],
        args=tuple(command[1:]),
        config=config,
        host_config=settings,
        directory=Path("/data/containers") / id,
        mounts=mounts,
        endpoints=endpoints if endpoints is not None else {settings["NetworkMode"]: EndpointSettings()},
        sandbox=sandbox,
        state=state or State(),
    )


def entry(record: Container) -> Entry:
    """The catalog's entry of a record, with no lock that an event loop would have to make."""
    return Entry(record)
