"""One container as ``GET /containers/{id}/json`` shows it: every key that Docker 28.5 shows, with the same types.

Called by the routes.  What it shows of Config and HostConfig is valid input for a create.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydock.daemon.config import Config, NetworkOptions
from pydock.daemon.containers import host_features, links, security_options
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.confinement import profile_of
from pydock.daemon.containers.execs import Execs
from pydock.daemon.containers.network_view import container_network
from pydock.daemon.containers.record import Container, MountPoint, Status
from pydock.daemon.containers.spec_resources import merged_ulimits
from pydock.daemon.images.service import Images
from pydock.daemon.moments import format_rfc3339
from pydock.daemon.networks.settings import Sandbox
from pydock.daemon.networks.wire import network_settings
from pydock.daemon.offload import offload
from pydock.errors import NotFound
from pydock.imagestore.snapshots import Snapshots

DRIVER = "overlay2"
_NEVER = "0001-01-01T00:00:00Z"
#: what fails a start when there is a log already
_LOGGED = ("failed to create task for container: failed to create shim", "failed to set up container networking")
_ENGINE_FILES = {"/etc/resolv.conf": "ResolvConfPath", "/etc/hostname": "HostnamePath", "/etc/hosts": "HostsPath"}


class Inspection:
    """Shows single containers."""

    def __init__(self, config: Config, catalog: Catalog, images: Images, snapshots: Snapshots, execs: Execs) -> None:
        self._settings = config.containers
        #: the default network's bridge, where it was chosen
        self._bridge = "" if config.network.bridge == NetworkOptions().bridge else config.network.bridge
        self._catalog = catalog
        self._images = images
        self._snapshots = snapshots
        self._execs = execs

    async def inspect(self, reference: str, size: bool = False) -> dict[str, Any]:
        """The container that `reference` means, with what it takes on disk where `size` says so."""
        entry = self._catalog.find(reference)
        if entry.ending and not entry.ending.done():
            await asyncio.wait([entry.ending])  # who has seen the end of its output is to find its exit code
        sizes = await self._sizes(entry.record) if size else {}
        record = entry.record
        sandbox = _sandbox(record)
        return {
            "Id": record.id,
            "Created": format_rfc3339(record.created),
            "Path": record.path,
            "Args": list(record.args),
            "State": state_json(entry),
            "Image": record.image,
            **_paths(record, sandbox),
            "Name": f"/{record.name}",
            "RestartCount": record.state.restart_count,
            "Driver": DRIVER,
            "Platform": record.platform,
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": _apparmor_profile(record),
            "ExecIDs": [one.id for one in self._execs.of(record.id) if one.exit_code is None] or None,
            "HostConfig": self._host_config(record),
            "GraphDriver": self._graph_driver(record),
            **sizes,
            "Mounts": [mount_json(point) for point in record.mounts],
            "Config": _config(record),
            "NetworkSettings": network_settings(container_network(record), sandbox, self._bridge_of(record)),
        }

    def _bridge_of(self, record: Container) -> str:
        """As in Docker, told from the first start on where the default network is the container's main one."""
        joined = record.state.started_at and record.host_config["NetworkMode"] in ("default", "bridge")
        return self._bridge if joined else ""

    async def _sizes(self, record: Container) -> dict[str, int]:
        try:
            written = (await offload(self._snapshots.usage, record.id)).size
        except NotFound:
            written = 0
        return {"SizeRw": written, "SizeRootFs": written + self._image_size(record.image)}

    def _image_size(self, image: str) -> int:
        try:
            return self._images.resolve(image).size if image else 0
        except NotFound:
            return 0

    def _host_config(self, record: Container) -> dict[str, Any]:
        host = dict(record.host_config)
        host["Links"] = links.shown(host["Links"], record.name)
        if self._settings.ulimits:
            host["Ulimits"] = merged_ulimits(host["Ulimits"], self._settings.ulimits)
        return host

    def _graph_driver(self, record: Container) -> dict[str, Any]:
        try:
            found = self._snapshots.directories(record.id)
        except NotFound:
            return {"Data": None, "Name": DRIVER}
        data = {
            "ID": record.id,
            "LowerDir": ":".join(map(str, found.lower)),
            "MergedDir": str(found.merged),
            "UpperDir": str(found.upper),
            "WorkDir": str(found.work),
        }
        return {"Data": data, "Name": DRIVER}


def state_json(entry: Entry) -> dict[str, Any]:
    """``State``."""
    state = entry.record.state
    shown: dict[str, Any] = {
        "Status": state.status.value,
        "Running": state.status.is_running(),
        "Paused": state.status == Status.PAUSED,
        "Restarting": state.status == Status.RESTARTING,
        "OOMKilled": state.oom_killed,
        "Dead": state.status == Status.DEAD,
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": _moment(state.started_at),
        "FinishedAt": _moment(state.finished_at),
    }
    if entry.health is not None:
        shown["Health"] = entry.health
    return shown


def mount_json(point: MountPoint) -> dict[str, Any]:
    """One of ``Mounts``."""
    shown: dict[str, Any] = {"Type": point.kind}
    if point.name:
        shown["Name"] = point.name
    shown |= {"Source": point.source, "Destination": point.target}
    if point.driver:
        shown["Driver"] = point.driver
    return shown | {"Mode": point.mode, "RW": point.writable, "Propagation": point.propagation}


def _moment(time: int) -> str:
    return format_rfc3339(time) if time else _NEVER


def _apparmor_profile(record: Container) -> str:
    """What is wanted, and from the first start on what the container runs under."""
    wanted = security_options.parse(record.host_config.get("SecurityOpt")).apparmor
    if not record.state.started_at or not host_features.detect().apparmor:
        return wanted
    return profile_of(wanted, record.host_config["Privileged"])


def _sandbox(record: Container) -> Sandbox | None:
    if record.sandbox is None:
        return None
    return replace(Sandbox.from_record(record.sandbox), endpoints=record.endpoints)


def engine_files(record: Container) -> dict[str, str]:
    """What the engine has written for a container that has run, by where the container sees it."""
    found = _paths(record, _sandbox(record))
    return {target: found[key] for target, key in _ENGINE_FILES.items() if found[key]}


def _paths(record: Container, sandbox: Sandbox | None) -> dict[str, str]:
    """Where the engine keeps the container's files; nothing before its first start, be it one that failed."""
    ran = bool(record.state.started_at)
    tried = ran or (bool(record.state.error) and "network namespace" not in record.state.error)
    own = {
        "ResolvConfPath": f"{record.directory}/resolv.conf" if tried else "",
        "HostnamePath": f"{record.directory}/hostname" if tried else "",
        "HostsPath": f"{record.directory}/hosts" if tried else "",
    }
    if sandbox:
        shared = (sandbox.resolv_conf_path, sandbox.hostname_path, sandbox.hosts_path)
        own = {key: path or own[key] for key, path in zip(own, shared, strict=True)}
    logged = (ran or record.state.error.startswith(_LOGGED)) and record.host_config["LogConfig"]["Type"] == "json-file"
    return {**own, "LogPath": str(record.log_path) if logged else ""}


def _config(record: Container) -> Mapping[str, Any]:
    """Config; the address that was asked for on the main network stands there for older clients."""
    mode = record.host_config["NetworkMode"]
    endpoint = record.endpoints.get(mode)
    if record.config.get("MacAddress") or mode in ("host", "none") or endpoint is None or not endpoint.wanted_mac:
        return record.config
    shown: dict[str, Any] = {}
    for key, value in record.config.items():
        if key == "OnBuild":
            shown["MacAddress"] = endpoint.wanted_mac
        shown[key] = value
    return shown
