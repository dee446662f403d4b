"""The OCI runtime specification's config.json as typed dictionaries: the daemon builds one, launch reads it.

Typed dictionaries cost nothing at run time: what json.loads gives is used as it is.  Two keys are pydock's own,
because names must be looked up inside the container's root: ``process.user.username`` (Docker's ``--user`` text, or
"" for the default) and ``process.user.additionalGroups`` (``--group-add``, names or numbers).  Where ``username`` is
present, uid, gid and additionalGids are not read, HOME is set where the environment has none, and a user other than
root loses all but the bounding capabilities.
"""

from typing import NotRequired, TypedDict


class User(TypedDict):
    """OCI ``process.user``; see the module for ``username`` and ``additionalGroups``."""

    uid: NotRequired[int]
    gid: NotRequired[int]
    umask: NotRequired[int]
    additionalGids: NotRequired[list[int]]
    username: NotRequired[str]
    additionalGroups: NotRequired[list[str]]


class CapabilitySets(TypedDict, total=False):
    """OCI ``process.capabilities``: names such as ``CAP_CHOWN``."""

    bounding: list[str]
    effective: list[str]
    permitted: list[str]
    inheritable: list[str]
    ambient: list[str]


class Rlimit(TypedDict):
    """OCI ``process.rlimits``: type such as ``RLIMIT_NOFILE``."""

    type: str
    soft: int
    hard: int


class ConsoleSize(TypedDict):
    """OCI ``process.consoleSize``."""

    height: int
    width: int


class Process(TypedDict):
    """OCI ``process``."""

    args: list[str]
    env: NotRequired[list[str]]
    cwd: str
    user: NotRequired[User]
    terminal: NotRequired[bool]
    consoleSize: NotRequired[ConsoleSize]
    capabilities: NotRequired[CapabilitySets]
    rlimits: NotRequired[list[Rlimit]]
    noNewPrivileges: NotRequired[bool]
    apparmorProfile: NotRequired[str]
    selinuxLabel: NotRequired[str]
    oomScoreAdj: NotRequired[int]


class Root(TypedDict):
    """OCI ``root``; ``path`` is read by the OCI command line only."""

    path: NotRequired[str]
    readonly: NotRequired[bool]


class Mount(TypedDict):
    """OCI ``mounts``: options as mount(8) names them, plus propagation and, for tmpfs, ``tmpcopyup``."""

    destination: str
    type: NotRequired[str]
    source: NotRequired[str]
    options: NotRequired[list[str]]


class Namespace(TypedDict):
    """OCI ``linux.namespaces``: with ``path`` an existing one is joined."""

    type: str
    path: NotRequired[str]


class Device(TypedDict):
    """OCI ``linux.devices``: a node to make; type is c, u, b or p."""

    path: str
    type: str
    major: NotRequired[int]
    minor: NotRequired[int]
    fileMode: NotRequired[int]
    uid: NotRequired[int]
    gid: NotRequired[int]


class DeviceRule(TypedDict):
    """OCI ``linux.resources.devices``: later rules win; access is made of r, w, m."""

    allow: bool
    type: NotRequired[str]
    major: NotRequired[int]
    minor: NotRequired[int]
    access: NotRequired[str]


class MemoryLimits(TypedDict, total=False):
    """OCI ``linux.resources.memory``: bytes; -1 is no limit; ``swap`` is memory plus swap."""

    limit: int
    reservation: int
    swap: int
    kernel: int
    kernelTCP: int
    swappiness: int
    disableOOMKiller: bool


class CpuLimits(TypedDict, total=False):
    """OCI ``linux.resources.cpu``."""

    shares: int
    quota: int
    period: int
    realtimeRuntime: int
    realtimePeriod: int
    cpus: str
    mems: str


class PidsLimit(TypedDict):
    """OCI ``linux.resources.pids``: 0 or less is no limit."""

    limit: int


class WeightDevice(TypedDict):
    """OCI ``blockIO.weightDevice``."""

    major: int
    minor: int
    weight: NotRequired[int]


class ThrottleDevice(TypedDict):
    """OCI ``blockIO.throttle*Device``: bytes or operations a second."""

    major: int
    minor: int
    rate: int


class BlockIO(TypedDict, total=False):
    """OCI ``linux.resources.blockIO``."""

    weight: int
    weightDevice: list[WeightDevice]
    throttleReadBpsDevice: list[ThrottleDevice]
    throttleWriteBpsDevice: list[ThrottleDevice]
    throttleReadIOPSDevice: list[ThrottleDevice]
    throttleWriteIOPSDevice: list[ThrottleDevice]


class HugepageLimit(TypedDict):
    """OCI ``linux.resources.hugepageLimits``."""

    pageSize: str
    limit: int


class Resources(TypedDict, total=False):
    """OCI ``linux.resources``."""

    devices: list[DeviceRule]
    memory: MemoryLimits
    cpu: CpuLimits
    pids: PidsLimit
    blockIO: BlockIO
    hugepageLimits: list[HugepageLimit]
    unified: dict[str, str]


class IdMapping(TypedDict):
    """OCI ``linux.uidMappings`` and ``gidMappings``."""

    containerID: int
    hostID: int
    size: int


class SeccompArgument(TypedDict):
    """A condition on one argument of a syscall."""

    index: int
    value: int
    valueTwo: NotRequired[int]
    op: str


class SeccompCondition(TypedDict, total=False):
    """Docker's ``includes`` and ``excludes``: when a rule counts."""

    caps: list[str]
    arches: list[str]
    minKernel: str


class SeccompRule(TypedDict):
    """One entry of ``syscalls``; ``name`` is the old spelling of ``names``."""

    names: NotRequired[list[str]]
    name: NotRequired[str]
    action: str
    errnoRet: NotRequired[int | None]
    args: NotRequired[list[SeccompArgument] | None]
    includes: NotRequired[SeccompCondition | None]
    excludes: NotRequired[SeccompCondition | None]


class SeccompArchitectures(TypedDict):
    """One entry of Docker's ``archMap``."""

    architecture: str
    subArchitectures: list[str] | None


class SeccompProfile(TypedDict):
    """OCI ``linux.seccomp``, or a profile file as Docker reads it."""

    defaultAction: str
    defaultErrnoRet: NotRequired[int | None]
    architectures: NotRequired[list[str] | None]
    archMap: NotRequired[list[SeccompArchitectures] | None]
    flags: NotRequired[list[str]]
    syscalls: NotRequired[list[SeccompRule] | None]


class Linux(TypedDict, total=False):
    """OCI ``linux``."""

    namespaces: list[Namespace]
    uidMappings: list[IdMapping]
    gidMappings: list[IdMapping]
    devices: list[Device]
    cgroupsPath: str
    resources: Resources
    rootfsPropagation: str
    seccomp: SeccompProfile
    sysctl: dict[str, str]
    maskedPaths: list[str]
    readonlyPaths: list[str]
    mountLabel: str


class Hook(TypedDict):
    """One OCI hook."""

    path: str
    args: NotRequired[list[str]]
    env: NotRequired[list[str]]
    timeout: NotRequired[int]


class Hooks(TypedDict, total=False):
    """OCI ``hooks``: run by the OCI command line only."""

    prestart: list[Hook]
    createRuntime: list[Hook]
    createContainer: list[Hook]
    startContainer: list[Hook]
    poststart: list[Hook]
    poststop: list[Hook]


class Spec(TypedDict):
    """OCI config.json."""

    ociVersion: str
    process: Process
    root: NotRequired[Root]
    hostname: NotRequired[str]
    domainname: NotRequired[str]
    mounts: NotRequired[list[Mount]]
    hooks: NotRequired[Hooks]
    linux: NotRequired[Linux]
    annotations: NotRequired[dict[str, str]]
