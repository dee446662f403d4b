"""The wire models of volumes: what a create request may say, and how a volume is shown."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydock.daemon.api.go_json import GoObject, Named, Pairs
from pydock.daemon.volumes.volume import Volume


class VolumeCreate(GoObject):
    """The body of ``POST /volumes/create``; what a cluster's volume would be is not looked into."""

    GO: ClassVar = "volume.CreateOptions"

    Name: str = ""
    Driver: str = ""
    DriverOpts: Pairs = None
    Labels: Pairs = None
    ClusterVolumeSpec: Annotated[dict[str, Any], Named("volume.ClusterVolumeSpec")] | None = None


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
