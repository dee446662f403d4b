"""From a container's record to what the runtime starts: the OCI spec, its seccomp filter, and the process of an exec.

Called by the start and by exec.  Nothing is made here but the compiled filters under ``<exec root>/seccomp``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers import security_options, spec_mounts, spec_resources
from pydock.daemon.containers.record import Container
from pydock.runtime import capabilities
from pydock.runtime.spec import CapabilitySets, Linux, Namespace, Process, Resources, Spec

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: where containers' control groups are: Docker's place, which Nomad and cAdvisor compose instead of asking for it
CGROUP_PARENT = "/docker"
#: harmless settings of a network namespace of one's own: ping and low ports without a capability
_SYSCTLS = (
    ("net.ipv4.ping_group_range", "0 2147483647"),
    ("net.ipv4.ip_unprivileged_port_start", "0"),
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a start has found out that the record does not say.

    ``files``: binds (source on the host, target) that the sandbox made: /etc/hosts and its kin; a target that the user
    has mounted something on himself is passed over.  ``sources``: by a mount's target, the directory to bind where it
    is not the record's own ``source`` (`Volumes.acquire`).  ``namespaces``: "ipc" and "pid" by the path of another
    container's (``/proc/PID/ns/ipc``), for modes ``container:ID``.  ``shm``: the host's directory to bind on /dev/shm,
    for ipc modes ``shareable`` and ``container:ID``; "" for one of its own.  ``linked``: the variables that tell of
    containers it is linked to.
    """

    files: Sequence[tuple[str, str]] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)
    shm: str = ""
    linked: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What a client asks of an exec (the body of ``POST /containers/{id}/exec``)."""

    args: Sequence[str]
    env: Sequence[str] = ()
    user: str = ""
    working_dir: str = ""
    tty: bool = False
    privileged: bool = False
    console_size: tuple[int, int] = (0, 0)


class SpecBuilder:
    """Builds specs under one daemon's settings."""

    def __init__(self, exec_root: Path, settings: ContainerDefaults, confine: Callable[[str, bool], str]) -> None:
        """`confine`: from the AppArmor profile that is wanted and whether all is permitted, the one to run under."""
        self._settings = settings
        self._confine = confine
        self._filters = security_options.Filters(exec_root / "seccomp", settings)

    def build(self, record: Container, resolved: Resolved) -> Spec:
        """The spec to write into the bundle; `process.consoleSize` is not set."""
        config, host = record.config, record.host_config
        options = self._security(record)
        mounts, propagation = spec_mounts.build(
            record, resolved.files, resolved.sources, resolved.shm, options.writable_cgroups
        )
        nodes, rules = spec_resources.device_access(host)
        resources: Resources = {**spec_resources.limits(host), "devices": rules}
        linux: Linux = {
            "namespaces": namespaces(host, resolved.namespaces),
            "devices": nodes,
            "cgroupsPath": self.cgroup_path(record),
            "resources": resources,
            "sysctl": _sysctls(host),
            "maskedPaths": [] if host["Privileged"] else list(host.get("MaskedPaths") or ()),
            "readonlyPaths": [] if host["Privileged"] else list(host.get("ReadonlyPaths") or ()),
        }
        if propagation:
            linux["rootfsPropagation"] = propagation
        spec: Spec = {
            "ociVersion": "1.2.0",
            "process": self._process(record, options, resolved.linked),
            "root": {"readonly": bool(host["ReadonlyRootfs"])},
            "mounts": mounts,
            "linux": linux,
        }
        if host["UTSMode"] != "host":
            spec["hostname"], spec["domainname"] = config["Hostname"], config["Domainname"]
        if annotations := host.get("Annotations"):
            spec["annotations"] = dict(annotations)
        return spec

    def seccomp_filter(self, record: Container) -> str:
        """The path of the compiled filter, "" for none; an exec has the same.  Blocks when compiling."""
        return self._filters.path(record)

    def exec_process(self, record: Container, options: ExecOptions, linked: Sequence[str] = ()) -> Process:
        """The OCI process of an exec; `linked` as in `Resolved`."""
        config, security = record.config, self._security(record)
        names = list(capabilities.NAMES) if options.privileged else security_options.granted(record)
        process: Process = {
            "args": list(options.args),
            "env": _merge_env(environment(record, options.tty, linked), options.env),
            "cwd": options.working_dir or config["WorkingDir"] or "/",
            "user": {
                "username": options.user or config["User"],
                "additionalGroups": list(record.host_config.get("GroupAdd") or ()),
            },
            "terminal": options.tty,
            "capabilities": _sets(names),
            "rlimits": spec_resources.rlimits(record.host_config.get("Ulimits"), self._settings.ulimits),
            "noNewPrivileges": security.no_new_privileges,
            "oomScoreAdj": record.host_config["OomScoreAdj"],
        }
        if options.tty and all(options.console_size):
            process["consoleSize"] = {"height": options.console_size[0], "width": options.console_size[1]}
        if profile := self._confine(security.apparmor, options.privileged):
            process["apparmorProfile"] = profile
        return process

    def cgroup_path(self, record: Container) -> str:
        """The container's control group, ``/docker/<id>`` as a rule."""
        parent = record.host_config.get("CgroupParent") or self._settings.cgroup_parent or CGROUP_PARENT
        inside = os.path.normpath("/" + parent.strip("/")).lstrip("/")
        return f"/{inside}/{record.id}" if inside else f"/{record.id}"

    def _security(self, record: Container) -> security_options.SecurityOptions:
        return security_options.parse(
            record.host_config.get("SecurityOpt"), no_new_privileges=self._settings.no_new_privileges
        )

    def _process(self, record: Container, security: security_options.SecurityOptions, linked: Sequence[str]) -> Process:
        config, host = record.config, record.host_config
        process: Process = {
            "args": [record.path, *record.args],
            "env": environment(record, config["Tty"], linked),
            "cwd": config["WorkingDir"] or "/",
            "user": {"username": config["User"], "additionalGroups": list(host.get("GroupAdd") or ())},
            "terminal": config["Tty"],
            "capabilities": _sets(security_options.granted(record)),
            "rlimits": spec_resources.rlimits(host.get("Ulimits"), self._settings.ulimits),
            "noNewPrivileges": security.no_new_privileges,
            "oomScoreAdj": host["OomScoreAdj"],
        }
        if profile := self._confine(security.apparmor, host["Privileged"]):
            process["apparmorProfile"] = profile
        return process


def environment(record: Container, tty: bool, linked: Sequence[str] = ()) -> list[str]:
    """The variables that a container's processes have, before HOME, which the runtime adds."""
    base = [_PATH, f"HOSTNAME={record.config['Hostname']}"]
    if tty:
        base.append("TERM=xterm")
    return _merge_env([*base, *linked], record.config["Env"] or ())


def _merge_env(base: Sequence[str], more: Sequence[str]) -> list[str]:
    """`base` with the values of `more` in their places; a name without a value takes the variable away."""
    values = {variable.partition("=")[0]: variable for variable in base}
    for variable in more:
        name, equals, _ = variable.partition("=")
        if equals:
            values[name] = variable
        else:
            values.pop(name, None)
    return list(values.values())


def _sets(names: Sequence[str]) -> CapabilitySets:
    return {"bounding": list(names), "effective": list(names), "permitted": list(names)}


def namespaces(host: Mapping[str, Any], joined: Mapping[str, str]) -> list[Namespace]:
    """The namespaces that a container has, of its own or `joined` (paths by kind); the network is joined by its
    descriptor."""
    spaces: list[Namespace] = [{"type": "mount"}]
    if host["NetworkMode"] != "host":
        spaces.append({"type": "network"})
    if host["UTSMode"] != "host":
        spaces.append({"type": "uts"})
    for kind, mode in (("pid", host["PidMode"]), ("ipc", host["IpcMode"])):
        if mode == "host":
            continue
        if mode.startswith("container:"):
            spaces.append({"type": kind, "path": joined[kind]})
        else:
            spaces.append({"type": kind})
    if host["CgroupnsMode"] == "private":
        spaces.append({"type": "cgroup"})
    return spaces


def _sysctls(host: Mapping[str, Any]) -> dict[str, str]:
    mode = host["NetworkMode"]
    values = {}
    if mode != "host" and not mode.startswith("container:"):
        values = {name: value for name, value in _SYSCTLS if _exists(name)}
    return {**values, **(host.get("Sysctls") or {})}


@cache
def _exists(name: str) -> bool:
    return os.path.exists(f"/proc/sys/{name.replace('.', '/')}")
