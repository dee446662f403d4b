"""How a container comes to be: checked, named, given its mounts, its writable layer and its record, or nothing at all.

Called by the routes.  The recipe runs to its end even where the client goes away.
"""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers import defaults, host_features, image_defaults, names, validation
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.links import check_links
from pydock.daemon.containers.mount_points import MountPoints
from pydock.daemon.containers.network_view import container_network
from pydock.daemon.containers.record import Container
from pydock.daemon.events import Events
from pydock.daemon.images.service import Images
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.networks.settings import EndpointSettings
from pydock.daemon.offload import offload
from pydock.daemon.state import layers as layer_table
from pydock.daemon.volumes.service import Volumes
from pydock.imagestore import images as store
from pydock.imagestore import platforms
from pydock.imagestore.platforms import Platform
from pydock.imagestore.snapshots import Snapshots

#: how often a name at random may turn out to be taken, before the ID has to do
_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """A create request in plain values; ``config`` and ``host_config`` have every key and become the container's."""

    config: dict[str, Any]
    host_config: dict[str, Any]
    name: str = ""
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    platform: Platform | None = None
    #: before API 1.44 a read-only bind left what was mounted below it writable
    shallow_read_only: bool = False
    #: before API 1.41 a container saw the host's control groups (of v1), whatever the daemon's default is
    shared_cgroups: bool = False


@dataclass(frozen=True, slots=True)
class ImageStore:
    """What create asks of images: their configs, and writable layers over them."""

    images: Images
    snapshots: Snapshots


class Creation:
    """Creates containers."""

    def __init__(
        self,
        settings: ContainerDefaults,
        catalog: Catalog,
        store: ImageStore,
        volumes: Volumes,
        sandboxes: Sandboxes,
        events: Events,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._images = store.images
        self._snapshots = store.snapshots
        self._volumes = volumes
        self._sandboxes = sandboxes
        self._events = events
        root = catalog.directory("").parent
        self._mounts = MountPoints(catalog, volumes, self._find_image, root)

    def reload(self, settings: ContainerDefaults) -> None:
        """Fill in other defaults from now on."""
        self._settings = settings

    async def create(self, options: CreateOptions) -> tuple[str, list[str]]:
        """Make a container; returns its ID and warnings."""
        return await asyncio.shield(asyncio.ensure_future(self._create(options)))

    async def _create(self, options: CreateOptions) -> tuple[str, list[str]]:
        warnings = self._check(options)
        image = self._resolve(options, warnings)
        self._fill(options, image)
        async with AsyncExitStack() as undo:
            id, name = self._name(options.name, undo)
            record = self._record(id, name, options, image)
            record = self._with_network(record)
            validation.check_making(options.host_config)
            record = await self._with_mounts(record, options, undo)
            options.host_config["Links"] = check_links(options.host_config, self._catalog)
            await self._prepare(record, image, undo)
            await self._copy_up(record)
            row = self._snapshots.row(id)
            await self._catalog.add(record, lambda connection: layer_table.insert_snapshot(connection, row))
            undo.pop_all()
        self._events.publish("container", "create", id, record.event_attributes())
        return id, warnings

    # before anything is made

    def _check(self, options: CreateOptions) -> list[str]:
        host = options.host_config
        if host["RestartPolicy"]["Name"] == "":
            host["RestartPolicy"]["Name"] = "no"
        return validation.check(options.config, host, host_features.detect())

    def _resolve(self, options: CreateOptions, warnings: list[str]) -> store.Image | None:
        reference = options.config["Image"]
        if not reference:
            return None
        image = self._images.resolve(reference, options.platform)
        if options.platform is None:
            own = platforms.normalize(image.os or "linux", image.architecture, image.variant)
            here = platforms.host()
            if image.architecture and (own.os, own.architecture) != (here.os, here.architecture):
                warnings.append(
                    f"The requested image's platform ({own}) does not match the detected host platform ({here}) "
                    "and no specific platform was requested"
                )
        return image

    def _fill(self, options: CreateOptions, image: store.Image | None) -> None:
        config, host = options.config, options.host_config
        if image:
            image_defaults.merge(config, self._images.config(image.id).get("config") or {})
            validation.check_config(config)
        image_defaults.finish(config)
        settings, features = self._settings, host_features.detect()
        if options.shared_cgroups and features.cgroup_version == 1:
            settings = replace(settings, cgroupns_mode="host")
        defaults.fill(host, settings, features, self._catalog)

    # the making

    def _name(self, wanted: str, undo: AsyncExitStack) -> tuple[str, str]:
        id = secrets.token_hex(32)
        while id[:12].isdigit():  # as Docker: a short ID must not pass for a number
            id = secrets.token_hex(32)
        if wanted:
            name = names.check(wanted)
        else:
            tries = (names.generate(attempt) for attempt in range(_ATTEMPTS))
            name = next((name for name in tries if self._catalog.is_free(name)), id[:12])
        self._catalog.reserve(name, id)
        undo.callback(self._catalog.release, name, id)
        return id, name

    def _record(self, id: str, name: str, options: CreateOptions, image: store.Image | None) -> Container:
        config, host = options.config, options.host_config
        if not config["Hostname"]:
            config["Hostname"] = os.uname().nodename if host["NetworkMode"] == "host" else id[:12]
        command = [*(config["Entrypoint"] or ()), *(config["Cmd"] or ())]
        return Container(
            id=id,
            name=name,
            created=time.time_ns(),
            image=image.id if image else "",
            path=command[0],
            args=tuple(command[1:]),
            config=config,
            host_config=host,
            directory=self._catalog.directory(id),
            platform=(image.os if image else "") or "linux",
            endpoints=options.endpoints,
        )

    def _with_network(self, record: Container) -> Container:
        checked = self._sandboxes.validate(container_network(record))
        return replace(record, endpoints=checked.endpoints)

    async def _with_mounts(self, record: Container, options: CreateOptions, undo: AsyncExitStack) -> Container:
        config, host = options.config, options.host_config
        if not (host["Binds"] or host.get("Mounts") or host["VolumesFrom"] or config["Volumes"]):
            return record
        points = await self._mounts.make(record.id, config, host, options.shallow_read_only)
        undo.push_async_callback(self._mounts.drop, record.id, points)
        return replace(record, mounts=points)

    async def _prepare(self, record: Container, image: store.Image | None, undo: AsyncExitStack) -> None:
        undo.push_async_callback(offload, _discard, self._snapshots, record)
        await offload(_make, self._snapshots, record, image.chain_id if image else "")

    async def _copy_up(self, record: Container) -> None:
        """Fill new volumes with what the image has where they will be mounted."""
        points = [point for point in record.mounts if point.kind == "volume" and point.copy]
        if not points:
            return
        rootfs = await offload(self._snapshots.mounts, record.id)
        for point in points:
            if await offload(self._snapshots.lacks, record.id, point.target):
                continue
            subpath = str(point.options.get("Subpath") or "")
            await self._volumes.copy_up(point.name, record.id, rootfs, point.target, subpath)

    def _find_image(self, reference: str) -> tuple[str, str]:
        image = self._images.resolve(reference)
        return image.id, image.chain_id


def _make(snapshots: Snapshots, record: Container, chain_id: str) -> None:
    snapshots.prepare(record.id, chain_id, enter=False)
    record.directory.mkdir(mode=0o710, parents=True)
    if record.config["WorkingDir"]:
        snapshots.make_directory(record.id, record.config["WorkingDir"])


def _discard(snapshots: Snapshots, record: Container) -> None:
    snapshots.remove(record.id)
    shutil.rmtree(record.directory, ignore_errors=True)
