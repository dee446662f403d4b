"""The daemon's configuration, as one frozen value: flags and ``daemon.json`` put together, defaults filled in.

`flags` makes it; main hands it to the wiring of each area, which takes out what its services need.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydock.imagestore.registry.options import RegistryOptions

#: the versions that the engine tells
VERSION = "0.1.0"
DEFAULT_EXEC_ROOT = Path("/run/pydock")


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """TLS for tcp listeners; ``enabled`` without ``verify`` serves clients without a certificate too."""

    enabled: bool = False
    verify: bool = False
    ca: Path = Path("/root/.docker/ca.pem")
    certificate: Path = Path("/root/.docker/cert.pem")
    key: Path = Path("/root/.docker/key.pem")


@dataclass(frozen=True, slots=True)
class AddressPool:
    """A range that networks without a subnet of their own are taken from: ``base`` (CIDR) in pieces of /``size``."""

    base: str
    size: int


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What the configuration says about networks; "" and () where it says nothing."""

    #: the default network's bridge; "none" for no default network
    bridge: str = "pydock0"
    bip: str = ""
    bip6: str = ""
    fixed_cidr: str = ""
    fixed_cidr_v6: str = ""
    default_gateway: str = ""
    default_gateway_v6: str = ""
    ipv6: bool = False
    mtu: int = 1500
    icc: bool = True
    #: the host's address that ports are published on
    ip: str = "0.0.0.0"
    iptables: bool = True
    ip6tables: bool = True
    ip_forward: bool = True
    ip_masq: bool = True
    userland_proxy: bool = True
    allow_direct_routing: bool = False
    default_address_pools: tuple[AddressPool, ...] = ()
    default_network_opts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    host_gateway_ips: tuple[str, ...] = ()

    @property
    def filtered_versions(self) -> tuple[int, ...]:
        """The IP versions whose packets are filtered and translated."""
        return tuple(version for version, on in ((4, self.iptables), (6, self.ip6tables)) if on)


@dataclass(frozen=True, slots=True)
class ContainerDefaults:
    """What containers get where their create request says nothing."""

    #: by name, as HostConfig.Ulimits has them
    ulimits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    log_driver: str = "json-file"
    log_opts: Mapping[str, str] = field(default_factory=dict)
    #: "" for the engine's own
    cgroup_parent: str = ""
    #: "" for what the cgroup version asks for: host on v1, private on v2
    cgroupns_mode: str = ""
    ipc_mode: str = "private"
    shm_size: int = 64 << 20
    init: bool = False
    no_new_privileges: bool = False
    #: builtin, unconfined, or a path
    seccomp_profile: str = "builtin"
    runtime: str = "runc"


@dataclass(frozen=True, slots=True)
class Config:
    """All of it."""

    data_root: Path = Path("/var/lib/pydock")
    exec_root: Path = DEFAULT_EXEC_ROOT
    pidfile: Path = Path("/run/pydock.pid")
    config_file: Path = Path("/etc/pydock/daemon.json")
    hosts: tuple[str, ...] = ()
    group: str = "pydock"
    tls: TlsOptions = TlsOptions()
    debug: bool = False
    log_level: str = "info"
    log_format: str = "text"
    labels: tuple[str, ...] = ()
    experimental: bool = False
    features: Mapping[str, bool] = field(default_factory=dict)
    #: False: containers are stopped when the daemon ends
    live_restore: bool = True
    #: how long a container may take to stop then, in seconds
    shutdown_timeout: int = 15
    network: NetworkOptions = NetworkOptions()
    containers: ContainerDefaults = ContainerDefaults()
    registry: RegistryOptions = field(default_factory=RegistryOptions)
