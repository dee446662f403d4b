"""Checks of what a create request asks for, in Docker's words and order.

Pure but for the look at bind sources.  `check` raises InvalidParameter for what cannot be, puts values right in place
where Docker does, and returns warnings.
"""

import ipaddress
import os
import re
from collections.abc import Iterable
from typing import Any

from pydock.daemon.containers import mount_rules, signals, validation_resources
from pydock.daemon.containers.host_features import HostFeatures
from pydock.errors import InvalidParameter
from pydock.runtime import capabilities, sysctls

_MAX_HOSTNAME = 64
_MILLISECOND = 1_000_000
_SHORT_ID = re.compile(r"[0-9a-f]{12}")
_PORT = re.compile(r"[0-9]{1,5}")
_DEVICE_RULE = re.compile(r"([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})")
_ULIMITS = frozenset(
    "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()  # noqa: SIM905
)
#: the runtimes that there are, under the names that Docker's clients know
RUNTIMES = ("runc", "io.containerd.runc.v2", "pydock")


def check(config: dict[str, Any], host_config: dict[str, Any], host: HostFeatures) -> list[str]:
    """Check both objects of a create request."""
    _drop_own_hostname(config, host_config)
    check_network_mode(config, host_config)
    if host_config["Isolation"] not in ("", "default"):
        raise InvalidParameter(f"invalid isolation ({host_config['Isolation']}): linux only supports 'default'")
    if host_config["IOMaximumBandwidth"]:
        raise InvalidParameter("invalid option: QoS maximum bandwidth configuration is not supported on linux")
    if host_config["IOMaximumIOps"]:
        raise InvalidParameter("invalid option: QoS maximum IOPs configuration is not supported on linux")
    validation_resources.check_realtime(host_config, host)
    check_config(config)
    if signal := config.get("StopSignal"):  # one of an image that is none is stopped by SIGTERM
        signals.parse(signal)
    warnings = _check_host_config(host_config)
    warnings += validation_resources.check(host_config, host)
    warnings += _check_platform(host_config, host)
    _check_devices(host_config)
    return warnings


def _drop_own_hostname(config: dict[str, Any], host: dict[str, Any]) -> None:
    """Where the host name is not the container's to choose, the short ID that inspect shows is no offence."""
    shared = host["UTSMode"] == "host" or host["NetworkMode"].startswith("container:")
    if shared and _SHORT_ID.fullmatch(config["Hostname"]):
        config["Hostname"] = ""


def check_network_mode(config: dict[str, Any], host: dict[str, Any]) -> None:
    """Options that a shared network namespace rules out."""
    mode = host["NetworkMode"]
    if mode == "container" or mode.startswith("container:"):
        if not mode.partition(":")[2]:
            raise InvalidParameter("invalid network mode: invalid container format container:<name|id>")
        if config["Hostname"]:
            raise InvalidParameter("conflicting options: hostname and the network mode")
        if host["Links"]:
            raise InvalidParameter(
                "conflicting options: container type network can't be used with links. "
                "This would result in undefined behavior"
            )
        if host["Dns"]:
            raise InvalidParameter("conflicting options: dns and the network mode")
        if host["ExtraHosts"]:
            raise InvalidParameter("conflicting options: custom host-to-IP mapping and the network mode")
        if host["PortBindings"] or host["PublishAllPorts"]:
            raise InvalidParameter("conflicting options: port publishing and the container type network mode")
        if config.get("ExposedPorts"):
            raise InvalidParameter("conflicting options: port exposing and the container type network mode")
    if host["UTSMode"] == "host" and config["Hostname"]:
        raise InvalidParameter("conflicting options: hostname and the UTS mode")
    if mode == "host" and host["Links"]:
        raise InvalidParameter(
            "conflicting options: host type networking can't be used with links. "
            "This would result in undefined behavior"
        )


def check_environment(variables: Iterable[str]) -> None:
    """Refuse variables that have no name, or could not be passed on."""
    for variable in variables:
        if not variable or variable.startswith("="):
            raise InvalidParameter(f"invalid environment variable: {variable}")
        if "\0" in variable:
            raise InvalidParameter("invalid environment variable: it holds a NUL byte")


def check_config(config: dict[str, Any]) -> None:
    """Check Config and make its working directory a clean path."""
    directory = config["WorkingDir"]
    if directory:
        if not directory.startswith("/"):
            raise InvalidParameter(f"the working directory '{directory}' is invalid, it needs to be an absolute path")
        config["WorkingDir"] = clean(directory)
    check_environment(config["Env"] or ())
    for key in ("Hostname", "Domainname", "User", "WorkingDir"):
        if any(character in config[key] for character in "\0\n"):
            raise InvalidParameter(f"invalid {key}: {config[key]!r}")
    for key in ("Cmd", "Entrypoint"):
        if any("\0" in word for word in config[key] or ()):
            raise InvalidParameter(f"invalid {key}: it holds a NUL byte")
    if len(config["Hostname"].encode()) > _MAX_HOSTNAME:
        raise InvalidParameter(f'hostname "{config["Hostname"]}" is too long (maximum {_MAX_HOSTNAME} bytes)')
    check_health(config.get("Healthcheck"))


def check_health(health: dict[str, Any] | None) -> None:
    """Check a health check's durations."""
    for key in ("Interval", "Timeout", "Retries", "StartPeriod", "StartInterval"):
        value = (health or {}).get(key, 0)
        if key == "Retries":
            if value < 0:
                raise InvalidParameter("Retries in Healthcheck cannot be negative")
        elif value and value < _MILLISECOND:
            raise InvalidParameter(f"{key} in Healthcheck cannot be less than 1ms")


def _check_host_config(host: dict[str, Any]) -> list[str]:
    warnings: list[str] = []
    policy = host["RestartPolicy"]
    if host["AutoRemove"] and policy["Name"] not in ("", "no"):
        raise InvalidParameter("can't create 'AutoRemove' container with restart policy")
    for mount in host.get("Mounts") or ():
        if mount.get("Type") == "image":
            warnings.append("Image mount is an experimental feature")
        mount_rules.check(mount)
    for entry in host["ExtraHosts"] or ():
        _check_extra_host(entry)
    for port, bindings in (host["PortBindings"] or {}).items():
        _check_port(port)
        for binding in bindings or ():
            _check_host_port(binding["HostPort"])
            _check_host_ip(binding["HostIp"])
    check_restart_policy(policy)
    for key in ("CapAdd", "CapDrop"):
        for name in host[key] or ():
            try:
                capabilities.normalise(name)
            except InvalidParameter as error:
                raise InvalidParameter(f"invalid {key}: {error.message}") from None
    if any(not key for key in host.get("Annotations") or {}):
        raise InvalidParameter("invalid Annotations: the empty string is not permitted as an annotation key")
    return warnings


def check_restart_policy(policy: dict[str, Any]) -> None:
    """Check a restart policy."""
    name, count = policy["Name"], policy["MaximumRetryCount"]
    if name in ("always", "unless-stopped", "no"):
        if count:
            more = " and cannot be negative" if count < 0 else ""
            raise InvalidParameter(
                f"invalid restart policy: maximum retry count can only be used with 'on-failure'{more}"
            )
    elif name == "on-failure":
        if count < 0:
            raise InvalidParameter("invalid restart policy: maximum retry count cannot be negative")
    elif name:
        raise InvalidParameter(
            f"invalid restart policy: unknown policy '{name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )


def _check_platform(host: dict[str, Any], features: HostFeatures) -> list[str]:
    warnings: list[str] = []
    for key, what, words in (
        ("IpcMode", "IPC", ("", "none", "private", "host", "shareable")),
        ("PidMode", "PID", ("", "host")),
    ):
        mode = host[key]
        if mode not in words and not (mode.startswith("container:") and len(mode) > len("container:")):
            raise InvalidParameter(f"invalid {what} mode: {mode}")
    if host["ShmSize"] < 0:
        raise InvalidParameter("SHM size can not be less than 0")
    if host["UTSMode"] not in ("", "host"):
        raise InvalidParameter(f"invalid UTS mode: {host['UTSMode']}")
    if not -1000 <= host["OomScoreAdj"] <= 1000:
        raise InvalidParameter(f"Invalid value {host['OomScoreAdj']}, range for oom score adj is [-1000, 1000]")
    if not features.ipv4_forwarding and host["NetworkMode"] not in ("host", "none"):
        warnings.append("IPv4 forwarding is disabled. Networking will not work.")
    if host["NetworkMode"] == "host" and host["PortBindings"]:
        warnings.append("Published ports are discarded when using host network mode")
    if host["Runtime"] not in ("", *RUNTIMES):
        raise InvalidParameter(f"unknown or invalid runtime name: {host['Runtime']}")
    for target in host.get("Tmpfs") or {}:
        mount_rules.check_target(target)
    if host["CgroupnsMode"] not in ("", "private", "host"):
        raise InvalidParameter(f"invalid cgroup namespace mode: {host['CgroupnsMode']}")
    if host["CgroupnsMode"] == "private" and not features.cgroup_namespaces:
        warnings.append("Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.")
    if host["UsernsMode"] not in ("", "host"):
        raise InvalidParameter(f"invalid user namespace mode: {host['UsernsMode']}")
    _check_sysctls(host)
    return warnings


def check_making(host: dict[str, Any]) -> None:
    """Check what Docker looks at once there is an image and the name is free."""
    _check_security(host)
    if unknown := set(host.get("StorageOpt") or ()) - {"size"}:
        raise InvalidParameter(f"Unknown option {min(unknown)}")
    if host.get("StorageOpt"):
        raise InvalidParameter("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")


def _check_security(host: dict[str, Any]) -> None:
    for option in host["SecurityOpt"] or ():
        if option in ("no-new-privileges", "writable-cgroups", "disable"):
            continue
        separator = "=" if "=" in option else ":"
        name, found, value = option.partition(separator)
        if not found:
            raise InvalidParameter(f'invalid --security-opt 1: "{option}"')
        if name not in ("label", "apparmor", "seccomp", "no-new-privileges", "writable-cgroups"):
            raise InvalidParameter(f'invalid --security-opt 2: "{option}"')
        if name in ("no-new-privileges", "writable-cgroups") and parse_bool(value) is None:
            raise InvalidParameter(f'invalid --security-opt 2: "{option}"')


def _check_sysctls(host: dict[str, Any]) -> None:
    mode = host["NetworkMode"]
    private = {
        kind
        for kind, own in (
            ("network", mode != "host" and not mode.startswith("container:")),
            ("ipc", host["IpcMode"] != "host" and not host["IpcMode"].startswith("container:")),
            ("uts", host["UTSMode"] != "host"),
        )
        if own
    }
    for name, value in (host.get("Sysctls") or {}).items():
        sysctls.check(name, private)
        if "\n" in value or "\0" in value:
            raise InvalidParameter(f"invalid sysctl value: {value!r}")


def _check_devices(host: dict[str, Any]) -> None:
    for rule in host["DeviceCgroupRules"] or ():
        if not _DEVICE_RULE.fullmatch(rule):
            raise InvalidParameter(f"invalid device cgroup rule format: '{rule}'")
    for device in host["Devices"] or ():
        access = device["CgroupPermissions"]
        if set(access) - set("rwm") or len(access) > 3:
            raise InvalidParameter(f"invalid device mode: {access}")
    for limit in host["Ulimits"] or ():
        if limit["Name"].lower() not in _ULIMITS:
            raise InvalidParameter(f"invalid ulimit type: {limit['Name']}")
        soft, hard = limit["Soft"], limit["Hard"]
        if hard != -1 and (soft == -1 or soft > hard):
            shown = "-1 (unlimited)" if soft == -1 else soft
            raise InvalidParameter(
                f"ulimit soft limit must be less than or equal to hard limit: soft: {shown}, hard: {hard}"
            )


def _check_extra_host(entry: str) -> None:
    name, colon, address = entry.partition(":")
    if not colon or not name:
        raise InvalidParameter(f'bad format for add-host: "{entry}"')
    if any(character.isspace() or character == "\0" for character in entry):
        raise InvalidParameter(f'bad format for add-host: "{entry}"')
    if address == "host-gateway":
        return
    try:
        ipaddress.ip_address(address.strip())
    except ValueError:
        raise InvalidParameter(f'invalid IP address in add-host: "{address}"') from None


def _check_port(text: str) -> None:
    """``80``, ``80/tcp``: a container's port; of which protocol counts where it is published."""
    number = text.partition("/")[0]
    if number and not _is_port(number):
        raise InvalidParameter(f'invalid port specification: "{number}"')


def _check_host_port(text: str) -> None:
    """``8080``, ``8000-8010`` or nothing: where it is published."""
    first, dash, last = text.partition("/")[0].partition("-")
    if not text:
        return
    if not _is_port(first) or (dash and (not _is_port(last) or int(last) < int(first))):
        raise InvalidParameter(f'invalid port specification: "{text}"')


def _check_host_ip(text: str) -> None:
    if not text:
        return
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise InvalidParameter(f"invalid IP address: {text}") from None


def _is_port(text: str) -> bool:
    return bool(_PORT.fullmatch(text)) and int(text) <= 65535


def parse_bool(text: str) -> bool | None:
    """Go's strconv.ParseBool; None for what is none."""
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    return False if text in ("0", "f", "F", "FALSE", "false", "False") else None


def clean(path: str) -> str:
    """An absolute path without dots and doubled slashes (Go's path.Clean)."""
    return os.path.normpath("/" + path.lstrip("/"))
