"""What clients send to create and update containers: Config, HostConfig and NetworkingConfig as Docker decodes them.

Called by the routes, which hand plain values to the services.  What inspect shows is valid here.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from pydock.daemon.api.go_json import (
    Duration,
    FileMode,
    GoObject,
    Int,
    Int64,
    Named,
    Names,
    Nothing,
    Pairs,
    Size,
    Texts,
    UInt16,
    UInt64,
    Words,
)
from pydock.daemon.api.networks import EndpointSettings


class HealthSettings(GoObject):
    """``Config.Healthcheck``; durations in nanoseconds."""

    GO: ClassVar = "v1.HealthcheckConfig"
    OMITTED: ClassVar = frozenset({"Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"})

    Test: Names = None
    Interval: Duration = 0
    Timeout: Duration = 0
    StartPeriod: Duration = 0
    StartInterval: Duration = 0
    Retries: Int = 0


class ContainerSettings(GoObject):
    """``Config``: what an image could say too."""

    GO: ClassVar = "container.CreateRequest"
    NAMED: ClassVar = False
    OMITTED: ClassVar = frozenset(
        {"ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "Shell"}
    )

    Hostname: str = ""
    Domainname: str = ""
    User: str = ""
    AttachStdin: bool = False
    AttachStdout: bool = False
    AttachStderr: bool = False
    ExposedPorts: Annotated[dict[str, Nothing], Named("nat.PortSet")] | None = None
    Tty: bool = False
    OpenStdin: bool = False
    StdinOnce: bool = False
    Env: Names = None
    Cmd: Words | None = None
    Healthcheck: HealthSettings | None = None
    ArgsEscaped: bool = False
    Image: str = ""
    Volumes: dict[str, Nothing] | None = None
    WorkingDir: str = ""
    Entrypoint: Words | None = None
    NetworkDisabled: bool = False
    MacAddress: str = ""
    OnBuild: Names = None
    Labels: Pairs = None
    StopSignal: str = ""
    StopTimeout: Int | None = None
    Shell: Words | None = None

    def wire(self) -> dict[str, Any]:
        """As Docker writes it; a stop timeout of 0 is one."""
        values = super().wire()
        if self.StopTimeout is None:
            del values["StopTimeout"]
        return values


class LogSettings(GoObject):
    """``HostConfig.LogConfig``."""

    GO: ClassVar = "container.LogConfig"

    Type: str = ""
    Config: Pairs = None


class PortBinding(GoObject):
    """One value of ``HostConfig.PortBindings``."""

    GO: ClassVar = "nat.PortBinding"

    HostIp: str = ""
    HostPort: str = ""


class RestartRule(GoObject):
    """``HostConfig.RestartPolicy``."""

    GO: ClassVar = "container.RestartPolicy"

    Name: Annotated[str, Named("container.RestartPolicyMode")] = ""
    MaximumRetryCount: Int = 0


class WeightDevice(GoObject):
    """One of ``BlkioWeightDevice``."""

    GO: ClassVar = "blkiodev.WeightDevice"

    Path: str = ""
    Weight: UInt16 = 0


class ThrottleDevice(GoObject):
    """One of ``BlkioDeviceReadBps`` and its kin."""

    GO: ClassVar = "blkiodev.ThrottleDevice"

    Path: str = ""
    Rate: UInt64 = 0


ThrottleDevices = Annotated[list[ThrottleDevice], Named("[]*blkiodev.ThrottleDevice")] | None


class DeviceMapping(GoObject):
    """One of ``Devices``."""

    GO: ClassVar = "container.DeviceMapping"

    PathOnHost: str = ""
    PathInContainer: str = ""
    CgroupPermissions: str = ""


class DeviceRequest(GoObject):
    """One of ``DeviceRequests``."""

    GO: ClassVar = "container.DeviceRequest"

    Driver: str = ""
    Count: Int = 0
    DeviceIDs: Names = None
    Capabilities: list[Texts] | None = None
    Options: Pairs = None


class Ulimit(GoObject):
    """One of ``Ulimits``."""

    GO: ClassVar = "units.Ulimit"

    Name: str = ""
    Hard: Int64 = 0
    Soft: Int64 = 0


class BindSettings(GoObject):
    """What only a bind has."""

    GO: ClassVar = "mount.BindOptions"
    OMITTED: ClassVar = frozenset(
        {"Propagation", "NonRecursive", "CreateMountpoint", "ReadOnlyNonRecursive", "ReadOnlyForceRecursive"}
    )

    Propagation: Annotated[str, Named("mount.Propagation")] = ""
    NonRecursive: bool = False
    CreateMountpoint: bool = False
    ReadOnlyNonRecursive: bool = False
    ReadOnlyForceRecursive: bool = False


class DriverChoice(GoObject):
    """``VolumeOptions.DriverConfig``."""

    GO: ClassVar = "mount.Driver"
    OMITTED: ClassVar = frozenset({"Name", "Options"})

    Name: str = ""
    Options: Pairs = None


class VolumeSettings(GoObject):
    """What only a volume has."""

    GO: ClassVar = "mount.VolumeOptions"
    OMITTED: ClassVar = frozenset({"NoCopy", "Labels", "Subpath", "DriverConfig"})

    NoCopy: bool = False
    Labels: Pairs = None
    Subpath: str = ""
    DriverConfig: DriverChoice | None = None


class ImageSettings(GoObject):
    """What only an image mount has."""

    GO: ClassVar = "mount.ImageOptions"
    OMITTED: ClassVar = frozenset({"Subpath"})

    Subpath: str = ""


class TmpfsSettings(GoObject):
    """What only a tmpfs has."""

    GO: ClassVar = "mount.TmpfsOptions"
    OMITTED: ClassVar = frozenset({"SizeBytes", "Mode", "Options"})

    SizeBytes: Int64 = 0
    Mode: FileMode = 0
    Options: list[Texts] | None = None


class Mount(GoObject):
    """One of ``HostConfig.Mounts``."""

    GO: ClassVar = "mount.Mount"
    OMITTED: ClassVar = frozenset(
        {
            "Type", "Source", "Target", "ReadOnly", "Consistency", "BindOptions", "VolumeOptions", "ImageOptions",
            "TmpfsOptions", "ClusterOptions",
        }
    )  # fmt: skip

    Type: Annotated[str, Named("mount.Type")] = ""
    Source: str = ""
    Target: str = ""
    ReadOnly: bool = False
    Consistency: Annotated[str, Named("mount.Consistency")] = ""
    BindOptions: BindSettings | None = None
    VolumeOptions: VolumeSettings | None = None
    ImageOptions: ImageSettings | None = None
    TmpfsOptions: TmpfsSettings | None = None
    ClusterOptions: Annotated[dict[str, Any], Named("mount.ClusterOptions")] | None = None


class Resources(GoObject):
    """Limits: part of HostConfig, and what an update may change."""

    OMITTED: ClassVar = frozenset({"KernelMemory", "KernelMemoryTCP"})

    CpuShares: Int64 = 0
    Memory: Int64 = 0
    NanoCpus: Int64 = 0
    CgroupParent: str = ""
    BlkioWeight: UInt16 = 0
    BlkioWeightDevice: Annotated[list[WeightDevice], Named("[]*blkiodev.WeightDevice")] | None = None
    BlkioDeviceReadBps: ThrottleDevices = None
    BlkioDeviceWriteBps: ThrottleDevices = None
    BlkioDeviceReadIOps: ThrottleDevices = None
    BlkioDeviceWriteIOps: ThrottleDevices = None
    CpuPeriod: Int64 = 0
    CpuQuota: Int64 = 0
    CpuRealtimePeriod: Int64 = 0
    CpuRealtimeRuntime: Int64 = 0
    CpusetCpus: str = ""
    CpusetMems: str = ""
    Devices: list[DeviceMapping] | None = None
    DeviceCgroupRules: Names = None
    DeviceRequests: list[DeviceRequest] | None = None
    KernelMemory: Int64 = 0
    KernelMemoryTCP: Int64 = 0
    MemoryReservation: Int64 = 0
    MemorySwap: Int64 = 0
    MemorySwappiness: Int64 | None = None
    OomKillDisable: bool | None = None
    PidsLimit: Int64 | None = None
    Ulimits: Annotated[list[Ulimit], Named("[]*units.Ulimit")] | None = None
    CpuCount: Int64 = 0
    CpuPercent: Int64 = 0
    IOMaximumIOps: UInt64 = 0
    IOMaximumBandwidth: UInt64 = 0


class HostSettingsHead(GoObject):
    """The part of HostConfig that Docker writes before the limits."""

    Binds: Names = None
    ContainerIDFile: str = ""
    LogConfig: LogSettings = Field(default_factory=LogSettings)
    NetworkMode: Annotated[str, Named("container.NetworkMode")] = ""
    PortBindings: Annotated[dict[str, list[PortBinding] | None], Named("nat.PortMap")] | None = None
    RestartPolicy: RestartRule = Field(default_factory=RestartRule)
    AutoRemove: bool = False
    VolumeDriver: str = ""
    VolumesFrom: Names = None
    ConsoleSize: Size = Field(default_factory=lambda: [0, 0])
    Annotations: Pairs = None
    CapAdd: Words | None = None
    CapDrop: Words | None = None
    CgroupnsMode: Annotated[str, Named("container.CgroupnsMode")] = ""
    Dns: Names = None
    DnsOptions: Names = None
    DnsSearch: Names = None
    ExtraHosts: Names = None
    GroupAdd: Names = None
    IpcMode: Annotated[str, Named("container.IpcMode")] = ""
    Cgroup: Annotated[str, Named("container.CgroupSpec")] = ""
    Links: Names = None
    OomScoreAdj: Int = 0
    PidMode: Annotated[str, Named("container.PidMode")] = ""
    Privileged: bool = False
    PublishAllPorts: bool = False
    ReadonlyRootfs: bool = False
    SecurityOpt: Names = None
    StorageOpt: Pairs = None
    Tmpfs: Pairs = None
    UTSMode: Annotated[str, Named("container.UTSMode")] = ""
    UsernsMode: Annotated[str, Named("container.UsernsMode")] = ""
    ShmSize: Int64 = 0
    Sysctls: Pairs = None
    Runtime: str = ""
    Isolation: Annotated[str, Named("container.Isolation")] = ""


class HostSettings(Resources, HostSettingsHead):
    """``HostConfig``: what only this host can say."""

    GO: ClassVar = "container.HostConfig"
    OMITTED: ClassVar = Resources.OMITTED | {"Annotations", "StorageOpt", "Tmpfs", "Sysctls", "Mounts"}

    Mounts: list[Mount] | None = None
    MaskedPaths: Names = None
    ReadonlyPaths: Names = None
    Init: bool | None = None

    def wire(self) -> dict[str, Any]:
        """As Docker writes it; ``Init`` stands there only where it was given."""
        values = super().wire()
        if self.Init is None:
            del values["Init"]
        return values


class NetworkingSettings(GoObject):
    """``NetworkingConfig``: what `networks.wire` reads, by network."""

    GO: ClassVar = "network.NetworkingConfig"

    EndpointsConfig: dict[str, EndpointSettings | None] | None = None


class CreateRequest(ContainerSettings):
    """The body of ``POST /containers/create``."""

    HostConfig: HostSettings | None = None
    NetworkingConfig: NetworkingSettings | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of Config was given."""
        return not self.model_fields_set - {"HostConfig", "NetworkingConfig"}

    def config(self) -> dict[str, Any]:
        """Config alone, as Docker writes it."""
        values = self.wire()
        values.pop("HostConfig", None)
        values.pop("NetworkingConfig", None)
        return values


class UpdateRequest(Resources):
    """The body of ``POST /containers/{id}/update``."""

    GO: ClassVar = "container.UpdateConfig"

    RestartPolicy: RestartRule = Field(default_factory=RestartRule)
