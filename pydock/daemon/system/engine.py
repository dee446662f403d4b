"""What the engine says of itself: version and info; and what a reload of the configuration changes.

Called by the system's routes and by main.
"""

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydock.daemon import output
from pydock.daemon.config import VERSION, Config
from pydock.daemon.configure import without_password
from pydock.daemon.containers import host_features
from pydock.daemon.containers.host_features import HostFeatures
from pydock.daemon.events import Events
from pydock.daemon.system import machine
from pydock.imagestore.registry.options import RegistryOptions
from pydock.runtime import oci_features
from pydock.runtime.logs.entry import format_time

API_VERSION, MINIMUM_API_VERSION = "1.50", "1.24"
INDEX = "https://index.docker.io/v1/"
#: the log drivers, network drivers and volume drivers that there are
LOG_DRIVERS = ("journald", "json-file", "local", "syslog")
NETWORK_DRIVERS = ("bridge", "host", "ipvlan", "macvlan", "null")
#: which published ports processes relay, by the IP versions that the kernel translates
_RELAYED = {
    (4, 6): "[::1], IPv6 for containers without it",
    (4,): "IPv6",
    (6,): "IPv4, [::1], IPv6 for containers without it",
    (): "all",
}
_LOCAL = ("::1/128", "127.0.0.0/8")
_FEATURES = json.dumps(oci_features.features())
_ATTACK_SURFACE = (
    "Access to the remote API is equivalent to root access on the host. Refer\n"
    "         to the 'Docker daemon attack surface' section in the documentation for\n"
    "         more information: https://docs.docker.com/go/attack-surface/"
)


@dataclass(frozen=True, slots=True)
class ContainerCounts:
    """How many containers there are, by state."""

    running: int = 0
    paused: int = 0
    stopped: int = 0


class Counts(Protocol):
    """What the services have, counted."""

    def containers(self) -> ContainerCounts:
        """The containers by state."""

    def images(self) -> int:
        """The images."""


class Engine:
    """The engine itself.  ``config`` is the configuration as last loaded."""

    def __init__(self, config: Config, events: Events, counts: Counts) -> None:
        self.config = config
        self._events = events
        self._counts = counts
        self.id = machine.engine_id(config.data_root)
        self._backing = machine.backing_file_system(config.data_root)

    def reload(self, config: Config) -> None:
        """Show another configuration from now on, and tell of it as Docker does."""
        self.config = config
        output.set_level("debug" if config.debug else config.log_level)
        attributes = {
            "name": platform.node(),
            "debug": str(config.debug).lower(),
            "live-restore": str(config.live_restore).lower(),
            "max-concurrent-downloads": str(config.registry.max_concurrent_downloads),
            "max-concurrent-uploads": str(config.registry.max_concurrent_uploads),
            "max-download-attempts": str(config.registry.max_download_attempts),
            "registry-mirrors": _listed(config.registry.mirrors),
            "insecure-registries": _listed(config.registry.insecure),
            "labels": _listed(config.labels),
            "shutdown-timeout": str(config.shutdown_timeout),
            "default-cgroupns-mode": self._cgroupns_mode(host_features.detect()),
            "default-ipc-mode": config.containers.ipc_mode,
            "default-runtime": config.containers.runtime,
            "runtimes": "",
            "default-shm-size": str(config.containers.shm_size),
            "features": f"map[{' '.join(f'{key}:{str(on).lower()}' for key, on in sorted(config.features.items()))}]",
        }
        self._events.publish("daemon", "reload", self.id, attributes)

    def version(self) -> dict[str, Any]:
        """``GET /version``."""
        kernel, architecture = platform.release(), machine.go_architecture()
        python = f"python{platform.python_version()}"
        details = {
            "ApiVersion": API_VERSION,
            "Arch": architecture,
            "BuildTime": "",
            "Experimental": str(self.config.experimental).lower(),
            "GitCommit": "",
            "GoVersion": python,
            "KernelVersion": kernel,
            "MinAPIVersion": MINIMUM_API_VERSION,
            "Os": "linux",
        }
        return {
            "Platform": {"Name": "pydock"},
            "Components": [{"Name": "Engine", "Version": VERSION, "Details": details}],
            "Version": VERSION,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": MINIMUM_API_VERSION,
            "GitCommit": "",
            "GoVersion": python,
            "Os": "linux",
            "Arch": architecture,
            "KernelVersion": kernel,
            "BuildTime": "",
        }

    def info(self) -> dict[str, Any]:
        """``GET /info``."""
        features = host_features.detect()
        return {
            "ID": self.id,
            **self._containers(),
            **self._storage(),
            **_abilities(features),
            **self._process(),
            **_operating_system(),
            **self._registry(),
            **self._identity(),
            **self._runtime(features),
        }

    def _containers(self) -> dict[str, Any]:
        counts = self._counts.containers()
        return {
            "Containers": counts.running + counts.paused + counts.stopped,
            "ContainersRunning": counts.running,
            "ContainersPaused": counts.paused,
            "ContainersStopped": counts.stopped,
            "Images": self._counts.images(),
        }

    def _storage(self) -> dict[str, Any]:
        return {
            "Driver": "overlay2",
            "DriverStatus": [
                ["Backing Filesystem", self._backing],
                ["Supports d_type", "true"],
                ["Using metacopy", "false"],
                ["Native Overlay Diff", "true"],
                ["userxattr", "false"],
            ],
            "DockerRootDir": str(self.config.data_root),
            "Plugins": {
                "Volume": ["local"],
                "Network": list(NETWORK_DRIVERS),
                "Authorization": None,
                "Log": list(LOG_DRIVERS),
            },
        }

    def _process(self) -> dict[str, Any]:
        return {
            "Debug": self.config.debug,
            "NFd": len(os.listdir("/proc/self/fd")),
            "NGoroutines": threading.active_count(),
            "SystemTime": format_time(time.time_ns()),
            "LoggingDriver": self.config.containers.log_driver,
            "NEventsListener": self._events.listeners,
        }

    def _registry(self) -> dict[str, Any]:
        options = self.config.registry
        return {
            "IndexServerAddress": INDEX,
            "RegistryConfig": registry_config(options),
            "HttpProxy": without_password(options.http_proxy),
            "HttpsProxy": without_password(options.https_proxy),
            "NoProxy": options.no_proxy,
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "Name": platform.node(),
            "Labels": list(self.config.labels),
            "ExperimentalBuild": self.config.experimental,
            "ServerVersion": VERSION,
            "GenericResources": None,
            "Swarm": {
                "NodeID": "",
                "NodeAddr": "",
                "LocalNodeState": "inactive",
                "ControlAvailable": False,
                "Error": "",
                "RemoteManagers": None,
            },
            "LiveRestoreEnabled": self.config.live_restore,
            "Isolation": "",
        }

    def _runtime(self, features: HostFeatures) -> dict[str, Any]:
        runtime = {"path": "pydock-runtime", "status": {"org.opencontainers.runtime-spec.features": _FEATURES}}
        pools = self.config.network.default_address_pools
        return {
            "CgroupDriver": "cgroupfs",
            "CgroupVersion": str(features.cgroup_version),
            "Runtimes": {"io.containerd.runc.v2": runtime, "runc": runtime},
            "DefaultRuntime": "runc",
            "InitBinary": "pydock-init",
            "ContainerdCommit": {"ID": ""},
            "RuncCommit": {"ID": ""},
            "InitCommit": {"ID": ""},
            "SecurityOptions": self._security(features),
            **({"DefaultAddressPools": [{"Base": pool.base, "Size": pool.size} for pool in pools]} if pools else {}),
            "FirewallBackend": {"Driver": "nftables", "Info": [["Relayed Ports", self._relayed()]]},
            "CDISpecDirs": [],
            "Warnings": [*_warnings(features), *self._exposures()] or None,
        }

    def _relayed(self) -> str:
        """Which published ports processes relay, where the kernel translates the others' packets."""
        options = self.config.network
        if not options.userland_proxy:
            return "none"
        return _RELAYED[options.filtered_versions]

    def _security(self, features: HostFeatures) -> list[str]:
        options = []
        if features.apparmor:
            options.append("name=apparmor")
        if machine.seccomp_available():
            options.append(f"name=seccomp,profile={self.config.containers.seccomp_profile}")
        if features.selinux:
            options.append("name=selinux")
        if features.cgroup_namespaces and self._cgroupns_mode(features) == "private":
            options.append("name=cgroupns")
        if self.config.containers.no_new_privileges:
            options.append("name=no-new-privileges")
        return options

    def _cgroupns_mode(self, features: HostFeatures) -> str:
        return self.config.containers.cgroupns_mode or ("private" if features.cgroup_version == 2 else "host")

    def _exposures(self) -> list[str]:
        """Docker's warning for each tcp socket that asks nobody for a certificate."""
        tls = self.config.tls
        if tls.verify:
            return []
        what = "without client certificate verification" if tls.enabled else "without encryption"
        scheme = "https" if tls.enabled else "http"
        addresses = [host.removeprefix("tcp://") for host in self.config.hosts if host.startswith("tcp://")]
        return [
            f"WARNING: API is accessible on {scheme}://{address} {what}.\n         {_ATTACK_SURFACE}"
            for address in addresses
        ]


def registry_config(options: RegistryOptions) -> dict[str, Any]:
    """``RegistryConfig`` of info."""
    networks = [entry for entry in options.insecure if "/" in entry]
    hosts = [entry for entry in options.insecure if "/" not in entry]
    indexes: dict[str, Mapping[str, Any]] = {
        host: {"Name": host, "Mirrors": [], "Secure": False, "Official": False} for host in hosts
    }
    official = {"Name": "docker.io", "Mirrors": list(options.mirrors), "Secure": True, "Official": True}
    return {
        "InsecureRegistryCIDRs": [*_LOCAL, *networks],
        "IndexConfigs": {**indexes, "docker.io": official},
        "Mirrors": list(options.mirrors) or None,
    }


def _operating_system() -> dict[str, Any]:
    name, version = machine.operating_system()
    return {
        "KernelVersion": platform.release(),
        "OperatingSystem": name,
        "OSVersion": version,
        "OSType": sys.platform,
        "Architecture": platform.machine(),
        "NCPU": len(os.sched_getaffinity(0)),
        "MemTotal": machine.memory(),
    }


def _abilities(features: HostFeatures) -> dict[str, Any]:
    return {
        "MemoryLimit": features.memory_limit,
        "SwapLimit": features.swap_limit,
        **({"KernelMemoryTCP": True} if features.kernel_memory_tcp else {}),
        "CpuCfsPeriod": features.cpu_cfs,
        "CpuCfsQuota": features.cpu_cfs,
        "CPUShares": features.cpu_shares,
        "CPUSet": features.cpuset,
        "PidsLimit": features.pids_limit,
        "IPv4Forwarding": features.ipv4_forwarding,
        "OomKillDisable": features.oom_kill_disable,
    }


def _warnings(features: HostFeatures) -> list[str]:
    """What Docker warns of where the kernel lacks it."""
    missing = []
    if not features.memory_limit:
        missing.append("WARNING: No memory limit support")
    if not features.swap_limit:
        missing.append("WARNING: No swap limit support")
    if features.cgroup_version == 1 and not features.oom_kill_disable:
        missing.append("WARNING: No oom kill disable support")
    if not features.cpu_cfs:
        missing += ["WARNING: No cpu cfs quota support", "WARNING: No cpu cfs period support"]
    if not features.cpu_shares:
        missing.append("WARNING: No cpu shares support")
    if not features.cpuset:
        missing.append("WARNING: No cpuset support")
    if not features.pids_limit:
        missing.append("WARNING: No pids limit support")
    if not features.ipv4_forwarding:
        missing.append("WARNING: IPv4 forwarding is disabled")
    return missing


def _listed(values: tuple[str, ...]) -> str:
    """A list as the attributes of Docker's reload event have it."""
    return "[" + ",".join(f'"{value}"' for value in values) + "]"
