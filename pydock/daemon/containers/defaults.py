"""What Docker fills into HostConfig where a create request says nothing.  Create calls it."""

from typing import Any

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.host_features import HostFeatures
from pydock.errors import InvalidParameter, PydockError
from pydock.runtime.hidden_paths import READONLY_PATHS, masked_paths
from pydock.runtime.logs import options as log_options

_SHARED = ("PidMode", "IpcMode", "NetworkMode")
_TOO_LARGE = 1 << 63


def fill(host: dict[str, Any], defaults: ContainerDefaults, features: HostFeatures, catalog: Catalog) -> None:
    """Fill `host` (the wire's HostConfig, checked) in place."""
    if host["Memory"] > 0 and host["MemorySwap"] == 0:
        swap = host["Memory"] * 2
        host["MemorySwap"] = swap if swap < _TOO_LARGE else -1  # clients read a signed number of 64 bits
    host["ShmSize"] = host["ShmSize"] or defaults.shm_size
    host["IpcMode"] = host["IpcMode"] or defaults.ipc_mode
    host["Runtime"] = host["Runtime"] or defaults.runtime
    if not host["CgroupnsMode"]:
        unified = features.cgroup_version == 2
        if host["Privileged"] and not unified:
            host["CgroupnsMode"] = "host"
        else:
            host["CgroupnsMode"] = defaults.cgroupns_mode or ("private" if unified else "host")
    if host["IpcMode"] == "host" or host["PidMode"] == "host" or host["Privileged"]:
        _disable_label(host)
    if host["OomKillDisable"] is None:
        host["OomKillDisable"] = False
    for key in _SHARED:
        host[key] = _by_id(host[key], catalog, must_exist=key != "NetworkMode")
    if not host["Privileged"]:
        if host["MaskedPaths"] is None:
            host["MaskedPaths"] = masked_paths()
        if host["ReadonlyPaths"] is None:
            host["ReadonlyPaths"] = list(READONLY_PATHS)
    _fill_log(host["LogConfig"], defaults)


def _disable_label(host: dict[str, Any]) -> None:
    """A container that shares the host's processes has no SELinux label of its own, and says so."""
    given = host["SecurityOpt"] or []
    if not any(option.partition("=")[0] == "label" for option in given):
        host["SecurityOpt"] = [*given, "label=disable"]


def _by_id(mode: str, catalog: Catalog, must_exist: bool) -> str:
    """``container:NAME`` as ``container:ID``, which outlives a renaming; a network may turn up later."""
    kind, colon, reference = mode.partition(":")
    if kind != "container" or not colon:
        return mode
    try:
        return f"container:{catalog.find(reference).id}"
    except PydockError as error:
        if must_exist:
            raise InvalidParameter(error.message) from error
        return mode


def _fill_log(log: dict[str, Any], defaults: ContainerDefaults) -> None:
    options = dict(log["Config"] or {})
    log["Type"] = log["Type"] or defaults.log_driver
    if log["Type"] == defaults.log_driver:
        options = {**defaults.log_opts, **options}
    log["Config"] = options
    if log["Type"] not in log_options.KNOWN:
        raise InvalidParameter(f'error looking up logging plugin {log["Type"]}: plugin "{log["Type"]}" not found')
    log_options.validate(log["Type"], options)
