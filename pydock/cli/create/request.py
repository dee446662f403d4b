"""From the options of `run` and `create` to the body of POST /containers/create.  Called by both commands.

Pure but for the files that options name (--env-file, --label-file, a seccomp profile).  Every key is sent, as the Go
client does, so that a daemon of either kind sees the same request.
"""

from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.flags import Options

    Body = dict[str, Any]

_WINDOWS = ("cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops")


class Foreign(Exit):
    """Flags that another operating system's engine has."""

    def __init__(self, names: "list[str]") -> None:
        only = "is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux"
        super().__init__("\n".join(f'"--{name}" {only}' for name in names))


def build(options: "Options", image: str, command: "list[str]") -> "Body":
    """The request that `options` ask for; raises Exit with Docker's words, for the mistake that it finds first."""
    _check(options)
    attach = options.attach
    stdin = options.interactive or "stdin" in attach
    binds, anonymous = _volumes(options.volume)
    exposed, bindings = _ports(options)
    devices, requests = _devices(options)
    environment = variables(options.env_file, options.env)
    labels = pairs(_lines(options.label_file, False) + options.label)
    _check_modes(options)
    host = _host(options, binds, bindings) | _resources(options, devices, requests)
    healthcheck = _health(options)
    if options.rm and host["RestartPolicy"]["Name"] not in ("", "no"):
        raise Exit("conflicting options: cannot specify both --restart and --rm")
    body: Body = {
        "Hostname": options.hostname,
        "Domainname": options.domainname,
        "User": options.user,
        "AttachStdin": stdin,
        "AttachStdout": not attach or "stdout" in attach,
        "AttachStderr": not attach or "stderr" in attach,
        "ExposedPorts": exposed,
        "Tty": options.tty,
        "OpenStdin": options.interactive,
        "StdinOnce": options.interactive and stdin,
        "Env": environment or None,
        "Cmd": command or None,
        "Image": image,
        "Volumes": anonymous,
        "WorkingDir": options.workdir,
        "Entrypoint": [options.entrypoint] if "entrypoint" in options.changed else None,
        "OnBuild": None,
        "Labels": labels,
    }
    if not exposed:
        del body["ExposedPorts"]
    if healthcheck:
        body["Healthcheck"] = healthcheck
    if options.stop_signal:
        body["StopSignal"] = options.stop_signal
    if "stop_timeout" in options.changed:
        body["StopTimeout"] = options.stop_timeout
    body["HostConfig"] = host
    body["NetworkingConfig"] = {"EndpointsConfig": _endpoints(options)}
    return body


def _check(options: "Options") -> None:
    if foreign := [name for name in _WINDOWS if name.replace("-", "_") in options.changed]:
        raise Foreign(foreign)
    if options.mac_address:
        from pydock.cli.create.networks import check_mac

        check_mac(options.mac_address)
    if options.memory_swappiness != -1 and not 0 <= options.memory_swappiness <= 100:
        raise Exit(f"invalid value: {options.memory_swappiness}. Valid memory swappiness range is 0-100")


def _check_modes(options: "Options") -> None:
    for name, value, modes, what in (
        ("pid", options.pid, ("", "host"), "PID"),
        ("uts", options.uts, ("", "host"), "UTS"),
        ("userns", options.userns, ("", "host"), "USER"),
        ("cgroupns", options.cgroupns, ("", "host", "private"), "CGROUP"),
    ):
        if value not in modes and not (name == "pid" and value.startswith("container:") and len(value) > 10):
            raise Exit(f"--{name}: invalid {what} mode")


def _volumes(values: "list[str]") -> "tuple[list[str] | None, dict[str, Any]]":
    if not values:
        return None, {}
    from pydock.cli.create.mounts import split_volumes

    binds, anonymous = split_volumes(values)
    return binds or None, anonymous


def _ports(options: "Options") -> "tuple[dict[str, Any], dict[str, Any]]":
    if not options.publish and not options.expose:
        return {}, {}
    from pydock.cli.create import ports

    exposed, bindings = ports.publish(options.publish)
    ports.expose(options.expose, exposed)
    return exposed, bindings


def _endpoints(options: "Options") -> "dict[str, Any]":
    extras = (options.network, options.network_alias, options.link, options.ip, options.ip6, options.mac_address)
    if not any(extras) and not options.link_local_ip:
        return {"default": {}}
    from pydock.cli.create import networks

    return networks.endpoints(options)


def _host(options: "Options", binds: "list[str] | None", bindings: "dict[str, Any]") -> "Body":
    policy = _restart(options.restart)
    log_options = pairs(options.log_opt)
    if options.log_driver == "none" and log_options:
        raise Exit(f"invalid logging opts for driver {options.log_driver}")
    security, masked, readonly = _security(options.security_opt)
    host: Body = {
        "Binds": binds,
        "ContainerIDFile": options.cidfile,
        "LogConfig": {"Type": options.log_driver, "Config": log_options},
        "NetworkMode": options.network[0]["target"] if options.network else "default",
        "PortBindings": bindings,
        "RestartPolicy": policy,
        "AutoRemove": options.rm,
        "VolumeDriver": options.volume_driver,
        "VolumesFrom": options.volumes_from or None,
        "ConsoleSize": [0, 0],
        "CapAdd": capabilities(options.cap_add),
        "CapDrop": capabilities(options.cap_drop),
        "CgroupnsMode": options.cgroupns,
        "Dns": options.dns,
        "DnsOptions": options.dns_option,
        "DnsSearch": options.dns_search,
        "ExtraHosts": options.add_host or None,
        "GroupAdd": options.group_add or None,
        "IpcMode": options.ipc,
        "Cgroup": "",
        "Links": options.link or None,
        "OomScoreAdj": options.oom_score_adj,
        "PidMode": options.pid,
        "Privileged": options.privileged,
        "PublishAllPorts": options.publish_all,
        "ReadonlyRootfs": options.read_only,
        "SecurityOpt": security,
        "UTSMode": options.uts,
        "UsernsMode": options.userns,
        "ShmSize": options.shm_size or 0,
        "Isolation": options.isolation,
        "MaskedPaths": masked,
        "ReadonlyPaths": readonly,
    }
    for key, value in (
        ("StorageOpt", _storage(options.storage_opt)),
        ("Tmpfs", _tmpfs(options.tmpfs)),
        ("Sysctls", pairs(options.sysctl)),
        ("Annotations", pairs(options.annotation)),
        ("Mounts", options.mount),
        ("Runtime", options.runtime),
    ):
        if value:
            host[key] = value
    if "init" in options.changed:
        host["Init"] = options.init
    return host


def _devices(options: "Options") -> "tuple[list[dict[str, str]], list[dict[str, Any]]]":
    """Devices by their paths, and requests for those of other kinds."""
    devices: list[dict[str, str]] = []
    requests = list(options.gpus)
    if options.device:
        from pydock.cli.create.devices import split_devices

        devices, names = split_devices(options.device)
        if names:
            nothing = {"Count": 0, "Capabilities": None, "Options": None}
            requests.append({"Driver": "cdi", "DeviceIDs": names, **nothing})
    return devices, requests


def _resources(options: "Options", devices: "list[dict[str, str]]", requests: "list[dict[str, Any]]") -> "Body":
    ulimits = {limit["Name"]: limit for limit in options.ulimit}
    return {
        "CpuShares": options.cpu_shares,
        "Memory": options.memory or 0,
        "NanoCpus": options.cpus or 0,
        "CgroupParent": options.cgroup_parent,
        "BlkioWeight": options.blkio_weight,
        "BlkioWeightDevice": options.blkio_weight_device,
        "BlkioDeviceReadBps": options.device_read_bps,
        "BlkioDeviceWriteBps": options.device_write_bps,
        "BlkioDeviceReadIOps": options.device_read_iops,
        "BlkioDeviceWriteIOps": options.device_write_iops,
        "CpuPeriod": options.cpu_period,
        "CpuQuota": options.cpu_quota,
        "CpuRealtimePeriod": options.cpu_rt_period,
        "CpuRealtimeRuntime": options.cpu_rt_runtime,
        "CpusetCpus": options.cpuset_cpus,
        "CpusetMems": options.cpuset_mems,
        "Devices": devices,
        "DeviceCgroupRules": options.device_cgroup_rule or None,
        "DeviceRequests": requests or None,
        "MemoryReservation": options.memory_reservation or 0,
        "MemorySwap": options.memory_swap or 0,
        "MemorySwappiness": options.memory_swappiness,
        "OomKillDisable": options.oom_kill_disable,
        "PidsLimit": options.pids_limit,
        "Ulimits": [ulimits[name] for name in sorted(ulimits)],
        "CpuCount": options.cpu_count,
        "CpuPercent": options.cpu_percent,
        "IOMaximumIOps": options.io_maxiops,
        "IOMaximumBandwidth": options.io_maxbandwidth or 0,
        **({"KernelMemory": options.kernel_memory} if options.kernel_memory else {}),
    }


def _tmpfs(values: "list[str]") -> "dict[str, str]":
    if not values:
        return {}
    from pydock.cli.create.mounts import tmpfs

    return tmpfs(values)


def pairs(values: "list[str]") -> "dict[str, str]":
    """NAME=VALUE items as a dictionary; a name alone has an empty value."""
    return {name: text for name, _, text in (value.partition("=") for value in values)}


def capabilities(names: "list[str]") -> "list[str] | None":
    """Canonical names, sorted; ALL stands for all others."""
    if not names:
        return None
    found = {name.strip().upper() for name in names}
    if "ALL" in found:
        return ["ALL"]
    return sorted({name if name.startswith("CAP_") else f"CAP_{name}" for name in found})


def _storage(values: "list[str]") -> "dict[str, str]":
    if any("=" not in value for value in values):
        raise Exit("invalid storage option")
    return pairs(values)


def variables(files: "list[str]", values: "list[str]") -> "list[str]":
    """The environment: what files say, then what `-e` says, of each name the last."""
    return _lines(files, True) + list({value.partition("=")[0]: value for value in values}.values())


def _lines(files: "list[str]", environment: bool) -> "list[str]":
    if not files:
        return []
    from pydock.cli.create.keyfile import read

    return [line for file in files for line in read(file, environment)]


def _restart(text: str) -> "Body":
    name, colon, count = text.partition(":")
    if colon and not name:
        raise Exit("invalid restart policy format: no policy provided before colon")
    try:
        retries = int(count) if count else 0
    except ValueError:
        raise Exit("invalid restart policy format: maximum retry count must be an integer") from None
    return {"Name": name, "MaximumRetryCount": retries}


def restart_policy(text: str) -> "Body":
    """RestartPolicy of `on-failure:3` and its kin."""
    return _restart(text)


def _security(values: "list[str]") -> "tuple[list[str] | None, list[str] | None, list[str] | None]":
    if not values:
        return None, None, None
    from pydock.cli.create.security import parse_security

    return parse_security(values)


def _health(options: "Options") -> "Body":
    periods = {
        "Interval": options.health_interval or 0,
        "Timeout": options.health_timeout or 0,
        "StartPeriod": options.health_start_period or 0,
        "StartInterval": options.health_start_interval or 0,
        "Retries": options.health_retries,
    }
    wanted = bool(options.health_cmd) or any(periods.values())
    if options.no_healthcheck:
        if wanted:
            raise Exit("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    if not wanted:
        return {}
    for key, flag in (
        ("Interval", "interval"),
        ("Timeout", "timeout"),
        ("Retries", "retries"),
        ("StartPeriod", "start-period"),
        ("StartInterval", "start-interval"),
    ):
        if periods[key] < 0:
            raise Exit(f"--health-{flag} cannot be negative")
    made = {key: value for key, value in periods.items() if value}
    return {"Test": ["CMD-SHELL", options.health_cmd], **made} if options.health_cmd else made
