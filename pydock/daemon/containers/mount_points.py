"""Makes a new container's mounts: other containers' volumes, binds, ``--mount``, and the image's own volumes.

Called by create, which undoes by `Volumes.unrefer`.  What is named later wins over what comes from other containers.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydock.daemon.containers import mount_rules
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.record import MountPoint
from pydock.daemon.containers.validation import clean
from pydock.daemon.volumes.service import Volume, Volumes
from pydock.errors import InvalidParameter, NotFound

#: finds the image that a mount of type image shows: its ID and chain ID
FindImage = Callable[[str], tuple[str, str]]
_DEFAULT_PROPAGATION = "rprivate"


class MountPoints:
    """Makes mounts, and the volumes that they need."""

    def __init__(self, catalog: Catalog, volumes: Volumes, find_image: FindImage, data_root: Path) -> None:
        self._catalog = catalog
        self._volumes = volumes
        self._find_image = find_image
        self._data_root = str(data_root)

    async def make(
        self, id: str, config: dict[str, Any], host: dict[str, Any], shallow_read_only: bool
    ) -> tuple[MountPoint, ...]:
        """All mounts of the container `id` that is being made; its volumes are referred to, or nothing is left.

        `shallow_read_only`: what is mounted below a read-only bind stays writable, as before API 1.44.
        """
        points: dict[str, MountPoint] = {}
        try:
            await self._make(points, id, config, host, shallow_read_only)
        except BaseException:
            await self.drop(id, points.values())
            raise
        # not to what another mount has taken the place of
        await self._volumes.unrefer(id, but=[point.name for point in points.values() if point.kind == "volume"])
        return tuple(points.values())

    async def drop(self, id: str, points: Iterable[MountPoint]) -> None:
        """Undo `make`."""
        await self._volumes.unrefer(id, [point.name for point in points if point.anonymous])

    async def _make(
        self, points: dict[str, MountPoint], id: str, config: dict[str, Any], host: dict[str, Any], shallow: bool
    ) -> None:
        for text in host["VolumesFrom"] or ():
            for point in await self._from_other(id, text):
                points[point.target] = point
        temporary = {clean(target) for target in host.get("Tmpfs") or ()}
        named: set[str] = set()
        for text in host["Binds"] or ():
            point = await self._bind(id, text, host["VolumeDriver"], shallow)
            if point.target in named or point.target in temporary:
                await self.drop(id, [point])
                raise InvalidParameter(f"Duplicate mount point: {point.target}")
            points[point.target] = point
            named.add(point.target)
        for mount in host.get("Mounts") or ():
            point = await self._mount(id, mount, shallow)
            if point.target in named:
                await self.drop(id, [point])
                raise InvalidParameter(f"Duplicate mount point: {mount['Target']}")
            points[point.target] = point
            named.add(point.target)
        for target in map(clean, config["Volumes"] or ()):
            mount_rules.check_target(target)
            if target not in points and target not in temporary:
                points[target] = await self._anonymous(id, target, host["VolumeDriver"])

    async def _from_other(self, id: str, text: str) -> list[MountPoint]:
        reference, mode = mount_rules.parse_volumes_from(text)
        try:
            other = self._catalog.find(reference).record
        except NotFound as error:
            raise InvalidParameter(error.message) from None
        writable = "ro" not in mode.split(",")
        found = []
        for point in other.mounts:
            if point.kind == "volume":
                await self._volumes.refer(point.name, id)
            # whoever had the volume first removes it with itself, unless this container still refers to it
            found.append(replace(point, writable=point.writable and writable, copy=False, mode=""))
        return found

    async def _bind(self, id: str, text: str, driver: str, shallow: bool) -> MountPoint:
        bind = mount_rules.parse_bind(text)
        target = clean(bind.target)
        if bind.is_volume:
            volume = await self._volume(id, bind.source, driver)
            mode = bind.mode or ("z" if volume.driver == "local" else "")
            copy = "nocopy" not in bind.mode.split(",")
            return _volume_point(volume, target, mode, bind.writable, copy, not bind.source)
        source = clean(bind.source)
        options: dict[str, Any] = {"CreateMountpoint": True}
        if shallow and not bind.writable:
            options["ReadOnlyNonRecursive"] = True
        return MountPoint(
            kind="bind",
            target=target,
            source=source,
            mode=bind.mode,
            writable=bind.writable,
            propagation=self._propagation(source, bind.propagation),
            options=options,
        )

    async def _mount(self, id: str, mount: dict[str, Any], shallow: bool) -> MountPoint:
        kind, target, source = mount["Type"], clean(mount["Target"]), mount.get("Source", "")
        writable = not mount.get("ReadOnly")
        if kind == "volume":
            options = mount.get("VolumeOptions") or {}
            chosen = options.get("DriverConfig") or {}
            volume = await self._volume(
                id, source, chosen.get("Name", ""), options.get("Labels"), chosen.get("Options")
            )
            mode = "z" if volume.driver == "local" else ""
            point = _volume_point(volume, target, mode, writable, not options.get("NoCopy"), not source)
            return replace(point, options=options)
        if kind == "bind":
            options = dict(mount.get("BindOptions") or {})
            if shallow and not writable:
                options["ReadOnlyNonRecursive"] = True
            source = clean(source)
            propagation = self._propagation(source, options.get("Propagation", ""))
            return MountPoint("bind", target, source, writable=writable, propagation=propagation, options=options)
        if kind == "image":
            image, chain = self._find_image(source)
            options = {**(mount.get("ImageOptions") or {}), "Image": image, "Chain": chain}
            merged = f"{self._data_root}/overlay2/{chain.rpartition(':')[2]}/merged"
            return MountPoint(
                "image", target, merged, name=source, writable=False, propagation=_DEFAULT_PROPAGATION, options=options
            )
        return MountPoint("tmpfs", target, writable=writable, options={"Options": mount_rules.tmpfs_options(mount)})

    async def _anonymous(self, id: str, target: str, driver: str) -> MountPoint:
        volume = await self._volume(id, "", driver)
        return _volume_point(volume, target, "", True, True, True)

    async def _volume(
        self,
        id: str,
        name: str,
        driver: str,
        labels: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
    ) -> Volume:
        volume = await self._volumes.create(name, driver, labels, options, anonymous=not name)
        try:
            return await self._volumes.refer(volume.name, id)
        except BaseException:
            if not name:
                with contextlib.suppress(NotFound):
                    await self._volumes.remove(volume.name, force=True)
            raise

    def _propagation(self, source: str, wanted: str) -> str:
        """The propagation of a bind; one that shows the engine's own root must follow the host's mounts."""
        root = self._data_root
        if source.startswith(root) or root.startswith(source):
            if not wanted:
                return "rslave"
            if wanted not in ("rslave", "rshared"):
                raise InvalidParameter(
                    'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source '
                    f'is within the daemon root, daemon root: "{root}", bind mount source: "{source}", '
                    f'propagation: "{wanted}"'
                )
        return wanted or _DEFAULT_PROPAGATION


def _volume_point(volume: Volume, target: str, mode: str, writable: bool, copy: bool, anonymous: bool) -> MountPoint:
    return MountPoint(
        kind="volume",
        target=target,
        source=str(volume.path),
        name=volume.name,
        driver=volume.driver,
        mode=mode,
        writable=writable,
        copy=copy,
        anonymous=anonymous,
    )
