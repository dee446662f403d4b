"""What ``pydock-runtime`` remembers of a container between two of its commands: a directory with state.json.

The directory holds the start gate too, a FIFO that is there until the container was started.
"""

import errno
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from pydock import durable
from pydock.errors import Conflict, InvalidParameter, NotFound
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.spec import Spec

_NAME = re.compile(r"[A-Za-z0-9_+.-]+")
OCI_VERSION = "1.2.0"


@dataclass(frozen=True, slots=True)
class OciContainer:
    """One container: where it is, which process it is (pid and start time, as pids come back)."""

    id: str
    bundle: str
    directory: str
    cgroup: str
    created: str
    pid: int = 0
    started: int = 0
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def gate(self) -> str:
        """The FIFO at which the container waits for its start."""
        return f"{self.directory}/gate"

    @property
    def status(self) -> str:
        """``created``, ``running``, ``paused`` or ``stopped``."""
        if not self.started or start_time(self.pid) != self.started:  # 0: it had ended before anybody looked
            return "stopped"
        if os.path.exists(self.gate):
            return "created"
        return "paused" if Path(f"{self.directory}/paused").exists() else "running"

    @property
    def spec(self) -> Spec:
        """The configuration that the container was created with."""
        return cast(Spec, json.loads(Path(f"{self.directory}/config.json").read_bytes()))

    @property
    def group(self) -> Cgroup:
        """The container's control group."""
        return Cgroup.at(self.cgroup)

    def answer(self) -> dict[str, Any]:
        """The OCI state object."""
        status = self.status
        return {
            "ociVersion": OCI_VERSION,
            "id": self.id,
            "status": status,
            "pid": 0 if status == "stopped" else self.pid,
            "bundle": self.bundle,
            "annotations": self.annotations,
            "created": self.created,
        }

    def save(self) -> None:
        """Write it down."""
        durable.write(Path(self.directory) / "state.json", json.dumps(asdict(self)).encode())

    def remove(self) -> None:
        """Forget it."""
        shutil.rmtree(self.directory)


def create(root: str, identifier: str, bundle: str, cgroup: str, created: str, spec: bytes) -> OciContainer:
    """A new container's directory; Conflict where the name is taken."""
    directory = f"{root}/{_checked(identifier)}"
    os.makedirs(root, 0o711, exist_ok=True)
    try:
        os.mkdir(directory, 0o711)
    except FileExistsError:
        raise Conflict(f"container with id exists: {identifier}") from None
    durable.write(Path(directory, "config.json"), spec)  # its environment is nobody else's to read
    os.mkdir(f"{directory}/root")
    annotations = json.loads(spec).get("annotations") or {}
    return OciContainer(identifier, bundle, directory, cgroup, created, annotations=annotations)


def load(root: str, identifier: str) -> OciContainer:
    """The container called `identifier`; NotFound."""
    try:
        return OciContainer(**json.loads(Path(root, _checked(identifier), "state.json").read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound("container does not exist") from None


def everything(root: str) -> list[OciContainer]:
    """All containers below `root`."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    return [load(root, name) for name in names if os.path.exists(f"{root}/{name}/state.json")]


def start_time(pid: int) -> int:
    """When process `pid` started, in ticks since boot; 0 where it does not live (a zombie does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESRCH):
            return 0
        raise
    fields = text.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def _checked(identifier: str) -> str:
    if not _NAME.fullmatch(identifier) or identifier in (".", "..") or len(identifier) > 1024:
        raise InvalidParameter(f"invalid container id format: {identifier!r}")
    return identifier
