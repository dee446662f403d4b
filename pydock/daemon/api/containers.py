"""What clients send to create and update containers: Config, HostConfig and NetworkingConfig as Docker decodes them.

Called by the routes, which hand plain values to the services.  What inspect shows is valid here.
"""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from pydock.daemon.api.go_json import GoObject, Int64, Nothing, Text, UInt16, UInt32, UInt64, Words

Names = list[Text] | None
Pairs = dict[str, Text]


def _pair(value: object) -> object:
    """Go's [2]uint: what is missing is 0, what is too much is dropped."""
    return [*value, 0, 0][:2] if isinstance(value, list) else value


class HealthSettings(GoObject):
    """``Config.Healthcheck``; durations in nanoseconds."""

    OMITTED: ClassVar = frozenset({"Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"})

    Test: Names = None
    Interval: Int64 = 0
    Timeout: Int64 = 0
    StartPeriod: Int64 = 0
    StartInterval: Int64 = 0
    Retries: Int64 = 0


class ContainerSettings(GoObject):
    """``Config``: what an image could say too."""

    OMITTED: ClassVar = frozenset(
        {"ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "Shell"}
    )

    Hostname: str = ""
    Domainname: str = ""
    User: str = ""
    AttachStdin: bool = False
    AttachStdout: bool = False
    AttachStderr: bool = False
    ExposedPorts: dict[str, Nothing] | None = None
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
    Labels: Pairs | None = None
    StopSignal: str = ""
    StopTimeout: Int64 | None = None
    Shell: Words | None = None

    def wire(self) -> dict[str, Any]:
        """As Docker writes it; a stop timeout of 0 is one."""
        values = super().wire()
        if self.StopTimeout is None:
            del values["StopTimeout"]
        return values


class LogSettings(GoObject):
    """``HostConfig.LogConfig``."""

    Type: str = ""
    Config: Pairs | None = None


class PortBinding(GoObject):
    """One value of ``HostConfig.PortBindings``."""

    HostIp: str = ""
    HostPort: str = ""


class RestartRule(GoObject):
    """``HostConfig.RestartPolicy``."""

    Name: str = ""
    MaximumRetryCount: Int64 = 0


class WeightDevice(GoObject):
    """One of ``BlkioWeightDevice``."""

    Path: str = ""
    Weight: UInt16 = 0


class ThrottleDevice(GoObject):
    """One of ``BlkioDeviceReadBps`` and its kin."""

    Path: str = ""
    Rate: UInt64 = 0


class DeviceMapping(GoObject):
    """One of ``Devices``."""

    PathOnHost: str = ""
    PathInContainer: str = ""
    CgroupPermissions: str = ""


class DeviceRequest(GoObject):
    """One of ``DeviceRequests``."""

    Driver: str = ""
    Count: Int64 = 0
    DeviceIDs: Names = None
    Capabilities: list[list[Text]] | None = None
    Options: Pairs | None = None


class Ulimit(GoObject):
    """One of ``Ulimits``."""

    Name: str = ""
    Hard: Int64 = 0
    Soft: Int64 = 0


class BindSettings(GoObject):
    """What only a bind has."""

    OMITTED: ClassVar = frozenset(
        {"Propagation", "NonRecursive", "CreateMountpoint", "ReadOnlyNonRecursive", "ReadOnlyForceRecursive"}
    )

    Propagation: str = ""
    NonRecursive: bool = False
    CreateMountpoint: bool = False
    ReadOnlyNonRecursive: bool = False
    ReadOnlyForceRecursive: bool = False


class DriverChoice(GoObject):
    """``VolumeOptions.DriverConfig``."""

    OMITTED: ClassVar = frozenset({"Name", "Options"})

    Name: str = ""
    Options: Pairs | None = None


class VolumeSettings(GoObject):
    """What only a volume has."""

    OMITTED: ClassVar = frozenset({"NoCopy", "Labels", "Subpath", "DriverConfig"})

    NoCopy: bool = False
    Labels: Pairs | None = None
    Subpath: str = ""
    DriverConfig: DriverChoice | None = None


class ImageSettings(GoObject):
    """What only an image mount has."""

    OMITTED: ClassVar = frozenset({"Subpath"})

    Subpath: str = ""


class TmpfsSettings(GoObject):
    """What only a tmpfs has."""

    OMITTED: ClassVar = frozenset({"SizeBytes", "Mode", "Options"})

    SizeBytes: Int64 = 0
    Mode: UInt32 = 0
    Options: list[list[Text]] | None = None


class Mount(GoObject):
    """One of ``HostConfig.Mounts``."""

    OMITTED: ClassVar = frozenset(
        {
            "Type", "Source", "Target", "ReadOnly", "Consistency", "BindOptions", "VolumeOptions", "ImageOptions",
            "TmpfsOptions",
        }
    )  # fmt: skip

    Type: str = ""
    Source: str = ""
    Target: str = ""
    ReadOnly: bool = False
    Consistency: str = ""
    BindOptions: BindSettings | None = None
    VolumeOptions: VolumeSettings | None = None
    ImageOptions: ImageSettings | None = None
    TmpfsOptions: TmpfsSettings | None = None


class Resources(GoObject):
    """Limits: part of HostConfig, and what an update may change."""

    OMITTED: ClassVar = frozenset({"KernelMemory", "KernelMemoryTCP"})

    CpuShares: Int64 = 0
    Memory: Int64 = 0
    NanoCpus: Int64 = 0
    CgroupParent: str = ""
    BlkioWeight: UInt16 = 0
    BlkioWeightDevice: list[WeightDevice] | None = None
    BlkioDeviceReadBps: list[ThrottleDevice] | None = None
    BlkioDeviceWriteBps: list[ThrottleDevice] | None = None
    BlkioDeviceReadIOps: list[ThrottleDevice] | None = None
    BlkioDeviceWriteIOps: list[ThrottleDevice] | None = None
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
    Ulimits: list[Ulimit] | None = None
    CpuCount: Int64 = 0
    CpuPercent: Int64 = 0
    IOMaximumIOps: UInt64 = 0
    IOMaximumBandwidth: UInt64 = 0


class HostSettingsHead(GoObject):
    """The part of HostConfig that Docker writes before the limits."""

    Binds: Names = None
    ContainerIDFile: str = ""
    LogConfig: LogSettings = Field(default_factory=LogSettings)
    NetworkMode: str = ""
    PortBindings: dict[str, list[PortBinding] | None] | None = None
    RestartPolicy: RestartRule = Field(default_factory=RestartRule)
    AutoRemove: bool = False
    VolumeDriver: str = ""
    VolumesFrom: Names = None
    ConsoleSize: Annotated[list[UInt64], BeforeValidator(_pair)] = Field(default_factory=lambda: [0, 0])
    Annotations: Pairs | None = None
    CapAdd: Words | None = None
    CapDrop: Words | None = None
    CgroupnsMode: str = ""
    Dns: Names = None
    DnsOptions: Names = None
    DnsSearch: Names = None
    ExtraHosts: Names = None
    GroupAdd: Names = None
    IpcMode: str = ""
    Cgroup: str = ""
    Links: Names = None
    OomScoreAdj: Int64 = 0
    PidMode: str = ""
    Privileged: bool = False
    PublishAllPorts: bool = False
    ReadonlyRootfs: bool = False
    SecurityOpt: Names = None
    StorageOpt: Pairs | None = None
    Tmpfs: Pairs | None = None
    UTSMode: str = ""
    UsernsMode: str = ""
    ShmSize: Int64 = 0
    Sysctls: Pairs | None = None
    Runtime: str = ""
    Isolation: str = ""


class HostSettings(Resources, HostSettingsHead):
    """``HostConfig``: what only this host can say."""

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
    """``NetworkingConfig``: endpoints as they came, which `networks.wire` reads."""

    EndpointsConfig: dict[str, dict[str, Any] | None] | None = None


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

    RestartPolicy: RestartRule = Field(default_factory=RestartRule)
