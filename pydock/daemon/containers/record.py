"""What is kept of a container: the persisted record, made by create, changed by the lifecycle.

`state/containers.py` stores it, `inspect.py` turns it into wire JSON.  Records are frozen: a change is a new record,
put in place by the catalog when it is on disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydock.daemon.networks.settings import EndpointSettings


class Status(StrEnum):
    """Where a container is in its life, in the API's words, with what may follow."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"

    def can_start(self) -> bool:
        """Whether a start may be tried."""
        return self in (Status.CREATED, Status.EXITED)

    def is_running(self) -> bool:
        """Whether it counts as running for Docker's ``State.Running`` (paused and restarting ones do)."""
        return self in (Status.RUNNING, Status.PAUSED, Status.RESTARTING)

    def has_process(self) -> bool:
        """Whether its init is alive."""
        return self in (Status.RUNNING, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class State:
    """What changes while a container lives.  Times in nanoseconds since the epoch, 0 for never."""

    status: Status = Status.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int = 0
    finished_at: int = 0
    restart_count: int = 0
    #: a user has sent it a signal, or stopped it: `unless-stopped` does not bring it back
    stopped_by_user: bool = False
    #: a user meant the end of this life: no policy brings it back while the daemon runs
    last_life: bool = False


@dataclass(frozen=True, slots=True)
class MountPoint:
    """One mount of a container, as ``Mounts`` of inspect tells it, and what is needed to make it.

    ``kind``: bind, volume, tmpfs, image.  ``source``: the host's path ("" for tmpfs; an image's is not there).
    ``name``: the volume's, or the image's reference.  ``mode``: the options as the user wrote them.  ``copy``: fill an
    empty volume from the image.  ``options``: what the wire's Bind-, Volume-, Tmpfs- or ImageOptions say.
    """

    kind: str
    target: str
    source: str = ""
    name: str = ""
    driver: str = ""
    mode: str = ""
    writable: bool = True
    propagation: str = ""
    copy: bool = False
    anonymous: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Container:
    """A container.  ``config`` and ``host_config`` are the wire's objects, checked and with all defaults filled in.

    ``name``: without the slash.  ``image``: the image's ID, "" for none.  ``created``: nanoseconds since the epoch.
    ``endpoints``: by network name.
    ``sandbox``: `Sandbox.to_record` while it runs.
    """

    id: str
    name: str
    created: int
    image: str
    path: str
    args: tuple[str, ...]
    config: Mapping[str, Any]
    host_config: Mapping[str, Any]
    #: ``<data root>/containers/<id>``
    directory: Path
    #: the kernel's platform name, "linux"
    platform: str = "linux"
    mounts: tuple[MountPoint, ...] = ()
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    sandbox: Mapping[str, Any] | None = None
    state: State = State()
    #: what the last start could not do on this kernel, in words for the user
    warnings: tuple[str, ...] = ()
    #: ``State.Health`` as it was when the container ended
    health: Mapping[str, Any] | None = None

    def event_attributes(self, **more: str) -> dict[str, str]:
        """What its events carry: its labels, image and name, and `more`."""
        attributes = dict(self.config.get("Labels") or {})
        if image := self.config.get("Image"):
            attributes["image"] = image
        return {**attributes, "name": self.name, **more}

    @property
    def log_path(self) -> Path:
        """Where a driver that writes files keeps the log; collectors take what ends in ``-json.log`` for JSON."""
        driver = (self.host_config.get("LogConfig") or {}).get("Type")
        return self.directory / ("container.log" if driver == "local" else f"{self.id}-json.log")
