"""What a container needs around it while it runs: its network, its volumes, its root's mounts, shared memory.

`start` makes it, `exits` and `recovery` drop it.  All of it can be dropped again without harm.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pydock.daemon.containers import bind_sources, links
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.network_view import container_network
from pydock.daemon.containers.record import Container, MountPoint, Status
from pydock.daemon.containers.spec_builder import Resolved
from pydock.daemon.containers.spec_mounts import image_mounts
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.networks.settings import Reserved, Sandbox
from pydock.daemon.offload import offload
from pydock.daemon.volumes.service import Volumes
from pydock.errors import Conflict, InvalidParameter, NotFound, PydockError, System
from pydock.imagestore.snapshots import Snapshots
from pydock.linux import mount
from pydock.linux.mounts import Mount

_DEFAULT_SHM = 64 << 20
#: MS_NOSUID, MS_NODEV, MS_NOEXEC; mount(2)
_SHM_FLAGS = 2 | 4 | 8


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a start before anything is made for it.

    ``namespaces``: the paths of those that it joins, by kind.  ``shm``: the directory for /dev/shm, "" for none.
    """

    namespaces: dict[str, str]
    shm: str
    rootfs: tuple[Mount, ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """All that stands ready for one start; the sandbox's descriptors are still to be given away or closed."""

    sandbox: Sandbox
    resolved: Resolved

    def close(self) -> None:
        """Close the sandbox's descriptors."""
        for descriptor in (self.sandbox.netns, *self.sandbox.held):
            if descriptor >= 0:
                os.close(descriptor)


class Provisions:
    """Makes and drops what containers need."""

    def __init__(
        self, exec_root: Path, catalog: Catalog, sandboxes: Sandboxes, volumes: Volumes, snapshots: Snapshots
    ) -> None:
        self._exec_root = exec_root
        self._catalog = catalog
        self._sandboxes = sandboxes
        self._volumes = volumes
        self._snapshots = snapshots

    def outline(self, record: Container) -> Outline:
        """What the container will have; raises in Docker's words where it joins another one that does not run."""
        namespaces, shm = self._shared(record)
        return Outline(namespaces, shm, self._root(record))

    async def mounts(self, record: Container) -> bool:
        """Whether `make` has to mount anything that the container is to show."""
        if _owns_shm(record):
            return True
        for point in _volumes(record):
            with contextlib.suppress(NotFound):
                if point.options.get("Subpath") or (await self._volumes.get(point.name)).options:
                    return True
        return False

    async def make(self, record: Container, outline: Outline, undo: AsyncExitStack) -> Provision:
        """Everything at once; what must be undone where the start fails goes on `undo`."""
        undo.push_async_callback(self.drop, record)
        beside = [offload(_make_shm, outline.shm, record)] if _owns_shm(record) else []
        try:
            sandbox = await self._sandboxes.start(container_network(record))
            undo.callback(Provision(sandbox, Resolved()).close)
            sources = await self._acquire(record)
        finally:
            if beside:
                await asyncio.wait(beside)
        for done in beside:
            done.result()
        files = [
            (source, target)
            for source, target in (
                (sandbox.resolv_conf_path, "/etc/resolv.conf"),
                (sandbox.hostname_path, "/etc/hostname"),
                (sandbox.hosts_path, "/etc/hosts"),
            )
            if source
        ]
        linked = links.environment(record, self._catalog)
        return Provision(sandbox, Resolved(files, sources, outline.namespaces, outline.shm, linked))

    async def drop(self, record: Container) -> None:
        """The container does not run (any more): end its network, release its volumes, unmount what was shared."""
        async with AsyncExitStack() as all_of_it:  # one that fails does not keep the others
            if _owns_shm(record):
                all_of_it.push_async_callback(offload, _drop_shm, self._shm(record.id))
            if _volumes(record):
                all_of_it.push_async_callback(self._volumes.release, record.id)
            all_of_it.push_async_callback(self._sandboxes.stop, record.id)

    async def adopt(self, record: Container, pid: int) -> Container:
        """Take over the network of a container that outlived the daemon; the record as it is then."""
        if record.sandbox is None:
            return record
        sandbox = replace(Sandbox.from_record(record.sandbox), endpoints=record.endpoints)
        sandbox = await self._sandboxes.adopt(container_network(record), sandbox, pid)
        return replace(record, sandbox=sandbox.to_record(), endpoints=sandbox.endpoints)

    def take_reserved(self, container_id: str) -> Reserved:
        """The ports of an adopted container that its shim does not hold, and is to."""
        return self._sandboxes.take_reserved(container_id)

    async def settle(self, alive: Collection[str]) -> None:
        """At start-up: drop what starts that were cut off left; only the containers `alive` run."""
        await self._volumes.settle()
        await offload(self._settle_shm, alive)

    def _settle_shm(self, alive: Collection[str]) -> None:
        with contextlib.suppress(FileNotFoundError):
            for container_id in set(os.listdir(self._exec_root / "shm")) - set(alive):
                _drop_shm(self._shm(container_id))

    def _root(self, record: Container) -> tuple[Mount, ...]:
        """The mounts of the root, and of the images that are shown in it."""
        shown = [
            replace(mount, target=target, subpath=subpath)
            for chain, target, subpath in image_mounts(record)
            for mount in self._snapshots.read_only_mounts(chain)
        ]
        return (*self._snapshots.mounts(record.id), *shown)

    async def _acquire(self, record: Container) -> dict[str, str]:
        """The directory of each volume by its target; what binds show is there, too."""
        if bind_sources.wanted(record):
            await offload(bind_sources.make, record)
        sources = {}
        for point in _volumes(record):
            subpath = (point.options or {}).get("Subpath") or ""
            path = await self._volumes.acquire(
                point.name,
                record.id,
                subpath,
                destination=point.target,
                writable=point.writable,
                propagation=point.propagation,
            )
            sources[point.target] = str(path)
        return sources

    def _shared(self, record: Container) -> tuple[dict[str, str], str]:
        """(namespaces of other containers that it joins, the directory for /dev/shm)."""
        namespaces = {}
        shm = str(self._shm(record.id)) if _owns_shm(record) else ""
        self._check_network(record)
        for kind, key in (("ipc", "IpcMode"), ("pid", "PidMode")):
            mode = record.host_config.get(key) or ""
            if mode.startswith("container:"):
                other = self._other(mode.removeprefix("container:"), kind)
                assert other.live is not None
                namespaces[kind] = f"/proc/{other.live.pid}/ns/{kind}"
                if kind == "ipc":
                    shm = self._shareable(other.record)
        return namespaces, shm

    def _other(self, reference: str, kind: str) -> Entry:
        introduction = f"failed to join {kind.upper()} namespace: "
        try:
            other = self._catalog.find(reference)
        except NotFound as error:
            refusal: type[PydockError] = InvalidParameter if kind == "ipc" else System
            raise refusal(introduction + error.message) from error
        if other.live is None or not other.record.state.status.has_process():
            refusal = Conflict if kind == "ipc" else System
            raise refusal(f"{introduction}container {other.id} is not running")
        if kind == "ipc" and not self._shareable(other.record):
            raise InvalidParameter(
                f"{introduction}container {other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor "
                "container)"
            )
        return other

    def _check_network(self, record: Container) -> None:
        """Where the network is another container's, that one must run."""
        kind, _, reference = record.host_config["NetworkMode"].partition(":")
        if kind != "container" or record.config.get("NetworkDisabled"):
            return
        try:
            other = self._catalog.find(reference)
        except NotFound as error:
            raise System(f"joining network namespace of container: {error.message}") from error
        if other.id == record.id:
            raise System("cannot join own network namespace")
        if not other.record.state.status.is_running():
            raise Conflict(
                f"cannot join network namespace of a non running container: container {other.record.name} is "
                f"{other.record.state.status.value}"
            )
        if other.record.state.status is Status.RESTARTING:
            raise Conflict(
                f"cannot join network namespace of container: Container {reference} is restarting, wait until the "
                "container is running"
            )

    def _shareable(self, record: Container) -> str:
        """What a container has at /dev/shm where others may join it: the host's directory; "" where they may not."""
        seen: set[str] = set()
        while record.id not in seen:
            seen.add(record.id)
            kind, _, reference = (record.host_config.get("IpcMode") or "").partition(":")
            if kind == "shareable":
                return str(self._shm(record.id))
            if kind == "host":
                return "/dev/shm"
            if kind != "container":
                break
            try:
                record = self._catalog.find(reference).record
            except NotFound:
                break
        return ""

    def _shm(self, container_id: str) -> Path:
        return self._exec_root / "shm" / container_id


def _volumes(record: Container) -> list[MountPoint]:
    return [point for point in record.mounts if point.kind == "volume"]


def _owns_shm(record: Container) -> bool:
    return record.host_config.get("IpcMode") == "shareable"


def _make_shm(path: str, record: Container) -> None:
    os.makedirs(path, 0o700, exist_ok=True)
    size = record.host_config.get("ShmSize") or _DEFAULT_SHM
    mount.mount("shm", path, "tmpfs", _SHM_FLAGS, f"mode=1777,size={size}")


def _drop_shm(path: Path) -> None:
    try:
        mount.umount2(str(path), mount.MNT_DETACH)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
    with contextlib.suppress(OSError):
        path.rmdir()
