"""A container's record as JSON text and back: what the catalog keeps in the index.

A field that a record of an older engine does not have gets its default.
"""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydock.daemon.containers.record import Container, MountPoint, State, Status
from pydock.daemon.networks.settings import EndpointSettings

_STATE = tuple(field.name for field in fields(State))


def encode(record: Container) -> str:
    """The record as text; its directory is left out, as that follows from the data root."""
    values: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "created": record.created,
        "image": record.image,
        "path": record.path,
        "args": record.args,
        "config": record.config,
        "host_config": record.host_config,
        "platform": record.platform,
        "mounts": [asdict(mount) for mount in record.mounts],
        "endpoints": {name: endpoint.to_record() for name, endpoint in record.endpoints.items()},
        "sandbox": record.sandbox,
        "state": {name: getattr(record.state, name) for name in _STATE},
        "warnings": record.warnings,
        "health": record.health,
    }
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def decode(text: bytes, name: str, directory: Path) -> Container:
    """The inverse of `encode`, for the container `name` whose directory, called by its ID, is `directory`.

    ValueError, TypeError and the like where `encode` never made it.
    """
    values = json.loads(text)
    if (values["id"], values["name"]) != (directory.name, name):
        raise ValueError("it is another's")
    if not isinstance(values["config"], dict) or not isinstance(values["host_config"], dict):
        raise ValueError("its configuration is none")
    state = dict(values.pop("state"))
    state["status"] = Status(state["status"])
    endpoints = {name: EndpointSettings.from_record(endpoint) for name, endpoint in values.pop("endpoints").items()}
    mounts = tuple(MountPoint(**mount) for mount in values.pop("mounts"))
    for name in ("args", "warnings"):
        values[name] = tuple(values[name])
    return Container(directory=directory, mounts=mounts, endpoints=endpoints, state=State(**state), **values)
