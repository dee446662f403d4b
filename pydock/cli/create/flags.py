"""The flags that `run` and `create` share.  Declared here, checked in `values`, put together in `request`."""

import os

from pydock.cli.flags import Flag, boolean, hidden, integer, listing, text, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def later(name: str) -> "Callable[[str], Any]":
    """A check in `values`, imported when the first value comes: most command lines need none of them."""

    def check(value: str) -> "Any":
        from pydock.cli.create import values

        return getattr(values, name)(value)

    return check


def _restless(name: str, kind: str, help: str) -> Flag:
    return text(name, f"{help} (Windows only)", kind=kind)


_GENERAL = (
    listing("attach", "Attach to stdin, stdout or stderr", "a", check=later("stream")),
    listing("device-cgroup-rule", "Rule for the devices that the container may use", check=later("device_rule")),
    listing("device", "Give the container a device of the host"),
    listing("gpus", "GPUs for the container ('all': every GPU)", kind="gpu-request", check=later("gpu_request")),
    listing("env", "Set an environment variable", "e", check=later("environment")),
    listing("env-file", "Read environment variables from a file"),
    text("entrypoint", "Program to run instead of the image's ENTRYPOINT"),
    listing("group-add", "Further group of the process"),
    text("hostname", "The container's host name", "h"),
    text("domainname", "The container's NIS domain name"),
    boolean("interactive", "Keep stdin open even if not attached", "i"),
    listing("label", "Set a label", "l", check=later("label")),
    listing("label-file", "Read labels from a file, one a line"),
    boolean("read-only", "Mount the root filesystem read-only"),
    text("restart", "What to do when the container ends: no, always, unless-stopped, on-failure[:N]", default="no"),
    text("stop-signal", "Signal that stops the container"),
    integer("stop-timeout", "Seconds to wait for the container to stop before it is killed"),
    listing("sysctl", "Set a kernel parameter of the container's namespaces", kind="map", check=later("sysctl")),
    boolean("tty", "Allocate a pseudo-terminal", "t"),
    listing("ulimit", "Set a resource limit", kind="ulimit", check=later("ulimit")),
    text("user", "User name or ID, and group: <name|uid>[:<group|gid>]", "u"),
    text("workdir", "Working directory inside the container", "w"),
    boolean("rm", "Remove the container and its anonymous volumes when it ends"),
    boolean("init", "Run a small init as PID 1 that forwards signals and reaps processes"),
    listing("annotation", "Add an annotation for the OCI runtime", kind="map"),
    text("runtime", "Runtime to use for this container"),
    text("cidfile", "Write the container's ID to a file"),
    text("isolation", "Isolation technology (Windows only)"),
)
_SECURITY = (
    listing("cap-add", "Add a Linux capability"),
    listing("cap-drop", "Drop a Linux capability"),
    boolean("privileged", "Give the container all that root on the host has"),
    listing("security-opt", "Security option: seccomp=, apparmor=, label=, no-new-privileges, systempaths="),
    text("userns", "User namespace to use"),
    text(
        "cgroupns",
        "Cgroup namespace to use (host|private)\n"
        "'host':    the host's cgroup namespace\n"
        "'private': one of the container's own\n"
        "'':        what the daemon is configured for (default)",
    ),
    text("ipc", "IPC namespace to use"),
    text("pid", "PID namespace to use"),
    text("uts", "UTS namespace to use"),
)
_NETWORK = (
    listing("add-host", "Add a line to /etc/hosts (host:ip)", check=later("extra_host")),
    listing("dns", "DNS server", check=later("address")),
    hidden(listing("dns-opt", "Option for the DNS resolver"), "dns-option"),
    listing("dns-option", "Option for the DNS resolver"),
    listing("dns-search", "DNS search domain", check=later("dns_search")),
    listing("expose", "Port, or range of ports, that the container listens on"),
    text("ip", "IPv4 address (172.30.100.104)"),
    text("ip6", "IPv6 address (2001:db8::33)"),
    listing("link", "Link to another container", check=later("link")),
    listing("link-local-ip", "Link-local address, IPv4 or IPv6"),
    text("mac-address", "MAC address (92:d0:c6:0a:29:33)"),
    listing("publish", "Publish a port of the container on the host", "p"),
    boolean("publish-all", "Publish all exposed ports on ephemeral ports", "P"),
    hidden(listing("net", "Network to connect to", kind="network", check=later("network")), "network"),
    listing("network", "Network to connect to", kind="network", check=later("network")),
    hidden(listing("net-alias", "The container's further name on the network"), "network-alias"),
    listing("network-alias", "The container's further name on the network"),
)
_STORAGE = (
    text("log-driver", "Logging driver of the container"),
    listing("log-opt", "Option of the logging driver"),
    text("volume-driver", "Volume driver of the container"),
    listing("storage-opt", "Option of the storage driver"),
    listing("tmpfs", "Mount a tmpfs"),
    listing("volumes-from", "Mount the volumes of another container"),
    listing("volume", "Mount a directory of the host, or a volume", "v"),
    listing("mount", "Mount a directory, a volume, a tmpfs or an image", kind="mount", check=later("mount")),
)
_HEALTH = (
    text("health-cmd", "Command that tells whether the container is healthy"),
    text(
        "health-interval",
        "Time between checks (ms|s|m|h) (default 0s)",
        default="",
        kind="duration",
        check=later("duration"),
    ),
    integer("health-retries", "Failures in a row that make the container unhealthy"),
    text(
        "health-timeout", "Time that a check may take (ms|s|m|h) (default 0s)", kind="duration", check=later("duration")
    ),
    text(
        "health-start-period",
        "Time that the container has for its start, before failures count (ms|s|m|h) (default 0s)",
        kind="duration",
        check=later("duration"),
    ),
    text(
        "health-start-interval",
        "Time between checks during the start period (ms|s|m|h) (default 0s)",
        kind="duration",
        check=later("duration"),
    ),
    boolean("no-healthcheck", "Have no HEALTHCHECK, whatever the image says"),
)
_RESOURCES = (
    integer("blkio-weight", "Block I/O weight, 10 to 1000, or 0 for none (default 0)", bits=16, kind="uint16"),
    listing("blkio-weight-device", "Block I/O weight of one device", check=later("weight_device")),
    text("cpuset-cpus", "CPUs that the container may run on (0-3, 0,1)"),
    text("cpuset-mems", "Memory nodes that the container may use (0-3, 0,1)"),
    integer("cpu-count", "CPU count (Windows only)"),
    integer("cpu-percent", "CPU percent (Windows only)"),
    integer("cpu-period", "Period of the CPU scheduler's quota, in microseconds"),
    integer("cpu-quota", "CPU time in each period, in microseconds"),
    integer("cpu-rt-period", "Period of real-time scheduling, in microseconds"),
    integer("cpu-rt-runtime", "Real-time CPU time in each period, in microseconds"),
    integer("cpu-shares", "CPU weight relative to other containers", "c"),
    text("cpus", "Number of CPUs", kind="decimal", check=later("cpus")),
    listing("device-read-bps", "Bytes a second that may be read from a device", check=later("bytes_rate")),
    listing("device-read-iops", "Reads a second that a device may have", check=later("operations_rate")),
    listing("device-write-bps", "Bytes a second that may be written to a device", check=later("bytes_rate")),
    listing("device-write-iops", "Writes a second that a device may have", check=later("operations_rate")),
    _restless("io-maxbandwidth", "bytes", "I/O bandwidth of the system drive"),
    integer("io-maxiops", "I/O operations a second of the system drive (Windows only)", kind="uint"),
    text("kernel-memory", "Kernel memory limit", kind="bytes", check=later("size")),
    text("memory", "Memory limit", "m", kind="bytes", check=later("size")),
    text("memory-reservation", "Soft memory limit", kind="bytes", check=later("size")),
    text(
        "memory-swap", "Limit of memory and swap together; -1: no limit", kind="bytes", check=later("size_or_unlimited")
    ),
    integer("memory-swappiness", "How readily memory is swapped (0 to 100)", default=-1),
    boolean("oom-kill-disable", "Don't kill processes when memory runs out"),
    integer("oom-score-adj", "How likely the kernel is to kill these processes (-1000 to 1000)"),
    integer("pids-limit", "Number of processes that there may be (-1: any)"),
    text("cgroup-parent", "Cgroup under which the container's is made"),
    text("shm-size", "Size of /dev/shm", kind="bytes", check=later("size")),
)


def common(detach_keys: bool) -> "tuple[Flag, ...]":
    """The flags of `create`, and all but a few of `run`."""
    own = [
        text("name", "Name of the container"),
        text("pull", 'Pull the image before: "always", "missing" or "never"', default="missing"),
        boolean("quiet", "Don't show the pull", "q"),
        boolean("use-api-socket", "Give the container the engine's socket and the credentials to use it"),
        text("platform", "Platform of the image", default=os.environ.get("DOCKER_DEFAULT_PLATFORM", "")),
        trust("Skip image verification"),
    ]
    if detach_keys:
        own += [
            boolean("detach", "Run in the background and print the container's ID", "d"),
            boolean("sig-proxy", "Forward signals to the process", default=True),
            text("detach-keys", "Keys that detach from the container"),
        ]
    return (*own, *_GENERAL, *_SECURITY, *_NETWORK, *_STORAGE, *_HEALTH, *_RESOURCES)
