"""What a volume is: the value that the volumes service gives out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as it is recorded; ``path`` is its mountpoint on the host, ``created`` nanoseconds since the epoch.

    ``labels`` and ``options`` are None where the request had none, as the API tells the two apart.
    """

    name: str
    path: Path
    created: int
    driver: str = "local"
    labels: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None
    anonymous: bool = False
