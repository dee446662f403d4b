"""What older API versions mean by a create request, and what each refuses.  Pure; the containers routes call it.

Every wire field gets the meaning that the newest version has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydock.daemon.api.containers import CreateRequest, HostSettings
from pydock.errors import InvalidParameter

_BUILTIN = ("default", "bridge", "host", "none")
_ENDPOINT_SYSCTLS = "com.docker.network.endpoint.sysctls"
_MAC_MISMATCH = (
    "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty"
)


@dataclass(slots=True)
class Translated:
    """A request in plain values, as API 1.50 would have it; ``endpoints`` as they came, by network."""

    config: dict[str, Any]
    host_config: dict[str, Any]
    endpoints: dict[str, dict[str, Any]]
    shallow_read_only: bool = False
    shared_cgroups: bool = False
    warnings: list[str] = field(default_factory=list)


def translate(request: CreateRequest, version: tuple[int, int]) -> Translated:
    """Read `request` as API `version` has it."""
    if request.is_empty:
        raise InvalidParameter("config cannot be empty in order to create a container")
    host = (request.HostConfig or HostSettings()).wire()
    made = Translated(request.config(), host, _endpoints(request))
    made.shallow_read_only, made.shared_cgroups = version < (1, 44), version < (1, 41)
    _default_network(made)
    _forget_newer(made, version)
    _check_mounts(made, version)
    if version < (1, 44) and len(made.endpoints) > 1:
        raise InvalidParameter(
            f"Container cannot be created with multiple network endpoints: {', '.join(made.endpoints)}"
        )
    _volume_driver(made, version)
    _mac_address(made, version)
    _interface_sysctls(made, version)
    if made.host_config["PidsLimit"] is not None and made.host_config["PidsLimit"] <= 0:
        made.host_config["PidsLimit"] = None
    return made


def _endpoints(request: CreateRequest) -> dict[str, dict[str, Any]]:
    given = (request.NetworkingConfig.EndpointsConfig if request.NetworkingConfig else None) or {}
    endpoints = {}
    for name, value in given.items():
        if value is None:
            raise InvalidParameter(f"invalid config for network {name}: EndpointsConfig is nil")
        endpoints[name] = value.wire()
    return endpoints


def _default_network(made: Translated) -> None:
    """The word default means the bridge, in both places."""
    if made.host_config["NetworkMode"] in ("", "default"):
        made.host_config["NetworkMode"] = "bridge"
        if "default" in made.endpoints:
            made.endpoints["bridge"] = made.endpoints.pop("default")


def _forget_newer(made: Translated, version: tuple[int, int]) -> None:
    """Fields that a version does not have are as if they had not been sent."""
    host, config = made.host_config, made.config
    if version < (1, 25):
        host["AutoRemove"] = False
    if version < (1, 40):
        host.pop("KernelMemoryTCP", None)
        host["IpcMode"] = host["IpcMode"] or "shareable"
    if version < (1, 42):
        host["ConsoleSize"] = [0, 0]
    else:
        host.pop("KernelMemory", None)
    if version < (1, 43):
        host.pop("Annotations", None)
    if version < (1, 44) and config.get("Healthcheck"):
        config["Healthcheck"].pop("StartInterval", None)
    if version < (1, 48):
        for endpoint in made.endpoints.values():
            endpoint.pop("GwPriority", None)


def _check_mounts(made: Translated, version: tuple[int, int]) -> None:
    for mount in made.host_config.get("Mounts") or ():
        kind, bind = mount.get("Type", ""), mount.get("BindOptions")
        if bind is not None and version < (1, 40):
            bind.pop("NonRecursive", None)
        if bind is not None and version < (1, 42):
            bind.pop("CreateMountpoint", None)
        for options, owner in (("VolumeOptions", "volume"), ("BindOptions", "bind"), ("TmpfsOptions", "tmpfs")):
            if mount.get(options) is None or kind == owner:
                continue
            if version >= (1, 42):
                raise InvalidParameter(f'{options} must not be specified on mount type "{kind}"')
            if options != "BindOptions":
                del mount[options]
        if version < (1, 44) and kind == "bind" and (bind or {}).get("ReadOnlyForceRecursive"):
            raise InvalidParameter("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
        if version < (1, 45) and (mount.get("VolumeOptions") or {}).get("Subpath"):
            raise InvalidParameter("VolumeOptions.Subpath needs API v1.45 or newer")
        if version < (1, 48) and kind == "image":
            raise InvalidParameter('Mount type "Image" needs API v1.48 or newer')


def _volume_driver(made: Translated, version: tuple[int, int]) -> None:
    host = made.host_config
    if not host["VolumeDriver"] or version < (1, 48):
        return
    for mount in host.get("Mounts") or ():
        chosen = ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Name")
        if mount.get("Type") == "volume" and not chosen:
            made.warnings.append(
                "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via "
                "'mount'. Use '--mount type=volume,volume-driver=...' instead"
            )
            return


def _mac_address(made: Translated, version: tuple[int, int]) -> None:
    """The container's one address becomes its main network's."""
    address = made.config.get("MacAddress", "")
    mode = made.host_config["NetworkMode"]
    has_own = mode == "bridge" or (mode not in _BUILTIN and not mode.startswith("container:"))
    if version < (1, 44):
        if not address:
            for endpoint in made.endpoints.values():
                endpoint.pop("MacAddress", None)
            return
        if not has_own:
            raise InvalidParameter("conflicting options: mac-address and the network mode")
        _main_endpoint(made, version)["MacAddress"] = address
        return
    if not address:
        return
    if has_own:
        try:
            endpoint = _main_endpoint(made, version)
        except InvalidParameter as error:
            raise InvalidParameter(
                f"unable to migrate container-wide MAC address to a specific network: {error.message}"
            ) from None
        if endpoint.get("MacAddress") not in (None, "", address):
            raise InvalidParameter(_MAC_MISMATCH)
        endpoint["MacAddress"] = address
    made.warnings.append(
        "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."
    )
    made.config.pop("MacAddress", None)


def _main_endpoint(made: Translated, version: tuple[int, int]) -> dict[str, Any]:
    """The endpoint of the network that the container's mode names."""
    mode = made.host_config["NetworkMode"]
    if not made.endpoints:
        return made.endpoints.setdefault(mode, {})
    if version < (1, 44):
        return next(iter(made.endpoints.values()))
    if mode not in made.endpoints:
        raise InvalidParameter(
            "HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks"
        )
    return made.endpoints[mode]


def _interface_sysctls(made: Translated, version: tuple[int, int]) -> None:
    """Settings of ``eth0`` belong to an endpoint since API 1.46."""
    mode = made.host_config["NetworkMode"]
    if mode == "host" or mode.startswith("container:"):
        return
    moved: dict[str, str] = {}
    for name, value in (made.host_config.get("Sysctls") or {}).items():
        parts = name.split(".", 4)
        if len(parts) < 5 or parts[0] != "net" or not parts[3].startswith("eth"):
            continue
        if version > (1, 47):
            raise InvalidParameter(
                f'interface specific sysctl setting "{name}" must be supplied using driver option '
                f"'{_ENDPOINT_SYSCTLS}'"
            )
        if parts[3] != "eth0":
            raise InvalidParameter(
                f"unable to determine network endpoint for sysctl {name}, use driver option '{_ENDPOINT_SYSCTLS}' "
                "to set per-interface sysctls"
            )
        moved[name] = f"net.{parts[1]}.{parts[2]}.IFNAME.{parts[4]}={value}"
    if moved:
        _move_sysctls(made, version, moved)


def _move_sysctls(made: Translated, version: tuple[int, int], moved: Mapping[str, str]) -> None:
    endpoint = _main_endpoint(made, version)
    options = dict(endpoint.get("DriverOpts") or {})
    text = ",".join(moved.values())
    made.warnings.append(f'Migrated sysctl "{",".join(moved)}" to DriverOpts{{"{_ENDPOINT_SYSCTLS}":"{text}"}}.')
    old = options.get(_ENDPOINT_SYSCTLS)
    options[_ENDPOINT_SYSCTLS] = f"{text},{old}" if old else text
    endpoint["DriverOpts"] = options
    for name in moved:
        del made.host_config["Sysctls"][name]
