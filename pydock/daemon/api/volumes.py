"""The wire models of volumes: what a create request may say, and how a volume is shown."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from pydock.daemon.volumes.volume import Volume


class VolumeCreate(BaseModel):
    """The body of ``POST /volumes/create``; unknown fields are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    Name: str | None = None
    Driver: str | None = None
    DriverOpts: dict[str, str] | None = None
    Labels: dict[str, str] | None = None
    ClusterVolumeSpec: dict[str, Any] | None = None


def volume_json(volume: Volume) -> dict[str, Any]:
    """A volume as inspect and list show it."""
    return {
        "CreatedAt": datetime.fromtimestamp(volume.created // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Driver": volume.driver,
        "Labels": None if volume.labels is None else dict(volume.labels),
        "Mountpoint": str(volume.path),
        "Name": volume.name,
        "Options": None if volume.options is None else dict(volume.options),
        "Scope": "local",
    }


def usage_json(volumes: Iterable[tuple[Volume, int, int]]) -> list[dict[str, Any]]:
    """Volumes with their sizes and references, as ``system df`` shows them."""
    return [
        {**volume_json(volume), "UsageData": {"RefCount": references, "Size": size}}
        for volume, size, references in volumes
    ]
