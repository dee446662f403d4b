"""The volumes: created, listed, removed, and held by the containers that mount them.

Called by the routes and by the containers service.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as it is recorded; ``path`` is its mountpoint on the host."""

    name: str
    path: Path
    created: int
    driver: str = "local"
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False


class Volumes:
    """All volumes of the engine; the local driver."""

    async def create(
        self,
        name: str = "",
        driver: str = "",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Volume:
        """Make a volume, or give back the one that has the name (as Docker: options must not differ).  "" names it."""
        raise NotImplementedError

    async def get(self, name: str) -> Volume:
        """The volume `name`; NotFound in Docker's words."""
        raise NotImplementedError

    async def select(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[Volume], list[str]]:
        """The volumes that pass Docker's filters, and warnings."""
        raise NotImplementedError

    async def remove(self, name: str, force: bool = False) -> None:
        """Remove a volume; Conflict where a container refers to it."""
        raise NotImplementedError

    async def prune(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
        """Remove what no container refers to; returns names and bytes won."""
        raise NotImplementedError

    async def refer(self, name: str, container_id: str) -> Volume:
        """Note that a (created) container refers to a volume, which keeps it from removal."""
        raise NotImplementedError

    async def unrefer(self, container_id: str, remove_anonymous: Iterable[str] = ()) -> None:
        """Forget what a removed container referred to; the anonymous volumes named are removed when free."""
        raise NotImplementedError

    async def acquire(self, name: str, container_id: str, subpath: str = "") -> Path:
        """Mount a volume for a container that starts (driver options need a mount) and give the path to bind."""
        raise NotImplementedError

    async def release(self, container_id: str) -> None:
        """A container has stopped: unmount what no other one uses."""
        raise NotImplementedError

    async def copy_up(self, name: str, container_id: str, rootfs: Sequence[Any], target: str) -> None:
        """Fill an empty volume with what the image has at `target`; `rootfs` are the snapshot's mounts."""
        raise NotImplementedError

    async def usage(self) -> list[tuple[Volume, int, int]]:
        """Each volume with its size in bytes and its number of references: for system df -v."""
        raise NotImplementedError
