"""Every option of the daemon: its flag, its key in ``daemon.json``, how its values are read.

A table for `configure`.  Names, defaults and the words of refusals are dockerd's.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Reader = Callable[[str], Any]


def _text(value: str) -> str:
    return value


def _boolean(value: str) -> bool:
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')


def _integer(value: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    return int(value)


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise ValueError(f'failed to parse IP: "{value}"') from None


def _server(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise ValueError(f"invalid string being converted to IP address: {value}") from None


def _host(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    if separator and scheme not in ("unix", "tcp", "fd"):
        raise ValueError(f"invalid bind address ({value}): unsupported proto '{scheme}'")
    return value if separator else f"tcp://{value}"


def _label(value: str) -> str:
    if "=" not in value:
        raise ValueError(f"bad attribute format: {value}")
    return value


def _gateway(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise ValueError(f'ParseAddr("{value}"): unable to parse IP') from None


def _network_option(value: str) -> tuple[str, dict[str, str]]:
    driver, equals, option = value.partition("=")
    if not equals or "=" not in option:
        raise ValueError(f'invalid value "{value}" for map option, should be root-key=key=value')
    name, _, text = option.partition("=")
    return driver, {name: text}


def _domain(value: str) -> str:
    name = value.strip()
    if name != "." and not re.fullmatch(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.?)+", name):
        raise ValueError(f"{value} is not a valid domain")
    return name


def _pair(value: str) -> tuple[str, str]:
    name, _, rest = value.partition("=")
    return name, rest


def _feature(value: str) -> tuple[str, bool]:
    name, _, rest = value.partition("=")
    return name, _boolean(rest or "true")


def _mirror(value: str) -> str:
    parts = urlsplit(value)
    if not parts.scheme:
        raise ValueError(
            f"invalid mirror: no scheme specified for \"{value}\": must use either 'https://' or 'http://'"
        )
    if parts.scheme not in ("http", "https"):
        raise ValueError(
            f"invalid mirror: unsupported scheme \"{parts.scheme}\" in \"{value}\": must use either 'https://' or 'http://'"
        )
    if parts.query or parts.fragment:
        raise ValueError(f'invalid mirror: query or fragment at end of the URI "{value}"')
    if not parts.netloc or parts.username is not None:
        raise ValueError(f'invalid mirror: "{value}" is not a plain URL of a registry')
    return value.rstrip("/") + "/"


def _pool(value: str) -> dict[str, Any]:
    pool: dict[str, Any] = {}
    for part in value.split(","):
        key, equals, text = part.partition("=")
        if not equals:
            raise ValueError(f"invalid field '{part}' must be a key=value pair")
        if key not in ("base", "size"):
            raise ValueError(f"unexpected key '{key}' in '{part}'")
        pool[key] = _base(text) if key == "base" else _integer(text)
    return pool


def _base(text: str) -> str:
    if "/" not in text:
        raise ValueError(f'invalid base prefix "{text}": netip.ParsePrefix("{text}"): no \'/\'')
    return text


_ULIMITS = frozenset((
    "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
))  # fmt: skip


def _ulimit(value: str) -> tuple[str, dict[str, Any]]:
    match = re.fullmatch(r"([a-z]+)=(-?\d{1,18})(?::(-?\d{1,18}))?", value)
    if not match:
        raise ValueError(f"invalid ulimit argument: {value}")
    if match[1] not in _ULIMITS:
        raise ValueError(f"invalid ulimit type: {match[1]}")
    soft, hard = int(match[2]), int(match[3] or match[2])
    if hard != -1 and (soft > hard or soft == -1):
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")
    return match[1], {"Name": match[1], "Hard": hard, "Soft": soft}


_UNITS = {unit: 1024**power for power, unit in enumerate("bkmgtp")}


def _bytes(value: str) -> int:
    match = re.fullmatch(r"(\d{1,12}(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?", value.strip().lower())
    if not match:
        raise ValueError(f"invalid size: '{value}'")
    return int(float(match[1]) * _UNITS[match[2] or "b"])


@dataclass(frozen=True, slots=True)
class Option:
    """One option.  ``read`` takes a flag's text; ``file``: the types that the file may have; ``many``: list or map."""

    name: str
    read: Reader
    help: str
    short: str = ""
    #: its key in daemon.json; "-" where it is a flag alone
    key: str = ""
    many: str = ""
    file: tuple[type, ...] = (str,)
    #: what the file's list or map has in it
    item: type = str
    #: what is not there, where the option is dockerd's alone and only its default can be had; "-": nothing to do for it
    lacks: str = ""

    @property
    def file_key(self) -> str:
        """The key in the file."""
        return self.key or self.name

    @property
    def shown(self) -> str:
        """How an error names the flag."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


def _string(name: str, help: str, short: str = "", key: str = "", read: Reader = _text) -> Option:
    return Option(name, read, help, short, key)


def _switch(name: str, help: str, short: str = "", key: str = "") -> Option:
    return Option(name, _boolean, help, short, key, file=(bool,))


def _number(name: str, help: str) -> Option:
    return Option(name, _integer, help, file=(int,))


def _list(name: str, help: str, short: str = "", key: str = "", read: Reader = _text, item: type = str) -> Option:
    return Option(name, read, help, short, key, "list", (list,), item)


def _map(name: str, help: str, key: str = "", read: Reader = _pair, item: type = str) -> Option:
    return Option(name, read, help, "", key, "map", (dict,), item)


OPTIONS: tuple[Option, ...] = (
    _switch("allow-direct-routing", "Allow remote access to published ports on container IP addresses"),
    _string("bip", "IPv4 address for the default bridge"),
    _string("bip6", "IPv6 address for the default bridge"),
    _string("bridge", "Attach containers to a network bridge", "b"),
    _string("cgroup-parent", "Set parent cgroup for all containers"),
    _string("config-file", "Daemon configuration file", key="-"),
    _string("data-root", "Root directory of persistent state"),
    _switch("debug", "Enable debug mode", "D"),
    _list("default-address-pool", "Default address pools for local networks", "", "default-address-pools", _pool, dict),
    _string("default-cgroupns-mode", 'Default mode for containers cgroup namespace ("host" | "private")'),
    _string("default-gateway", "Default gateway IPv4 address for the default bridge network", read=_address),
    _string("default-gateway-v6", "Default gateway IPv6 address for the default bridge network", read=_address),
    _string("default-ipc-mode", 'Default mode for containers ipc ("shareable" | "private")'),
    _map("default-network-opt", "Default network options", key="default-network-opts", read=_network_option, item=dict),
    _string("default-runtime", "Default OCI runtime for containers"),
    Option("default-shm-size", _bytes, "Default shm size for containers", file=(str, int)),
    _map("default-ulimit", "Default ulimits for containers", key="default-ulimits", read=_ulimit, item=dict),
    _list("dns", "DNS server to use", read=_server),
    _list("dns-opt", "DNS options to use", key="dns-opts"),
    _list("dns-search", "DNS search domains to use", read=_domain),
    _list("exec-opt", "Runtime execution options", key="exec-opts"),
    _string("exec-root", "Root directory for execution state files"),
    _switch("experimental", "Enable experimental features"),
    _map("feature", "Enable feature in the daemon", key="features", read=_feature, item=bool),
    _string("fixed-cidr", "IPv4 subnet for the default bridge network"),
    _string("fixed-cidr-v6", "IPv6 subnet for the default bridge network"),
    _string("group", "Group for the unix socket", "G"),
    _list("host", "Daemon socket(s) to connect to", "H", "hosts", _host),
    _list("host-gateway-ip", "What 'host-gateway' in --add-host resolves to", key="host-gateway-ips", read=_gateway),
    _string("http-proxy", "HTTP proxy URL to use for outgoing traffic"),
    _string("https-proxy", "HTTPS proxy URL to use for outgoing traffic"),
    _switch("icc", "Enable inter-container communication for the default bridge network"),
    _switch("init", "Run an init in the container to forward signals and reap processes"),
    _list("insecure-registry", "Enable insecure registry communication", key="insecure-registries"),
    _string("ip", "Host IP for port publishing from the default bridge network", read=_address),
    _switch("ip-forward", "Enable IP forwarding in system configuration"),
    _switch("ip-masq", "Enable IP masquerading for the default bridge network"),
    _switch("ip6tables", "Enable addition of ip6tables rules"),
    _switch("iptables", "Enable addition of iptables rules"),
    _switch("ipv6", "Enable IPv6 networking for the default bridge network"),
    _list("label", "Set key=value labels to the daemon", key="labels", read=_label),
    _switch("live-restore", "Keep containers alive when the daemon ends"),
    _string("log-driver", "Default driver for container logs"),
    _string("log-format", 'Set the logging format ("text"|"json")'),
    _string("log-level", 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', "l"),
    _map("log-opt", "Default log driver options for containers", key="log-opts"),
    _number("max-concurrent-downloads", "Set the max concurrent downloads"),
    _number("max-concurrent-uploads", "Set the max concurrent uploads"),
    _number("max-download-attempts", "Set the max download attempts for each pull"),
    _number("mtu", "Set the MTU for the default bridge network"),
    _switch("no-new-privileges", "Set no-new-privileges by default for new containers"),
    _string("no-proxy", "Comma-separated list of hosts or IP addresses for which the proxy is skipped"),
    _string("pidfile", "Path to use for daemon PID file", "p"),
    _list("registry-mirror", "Preferred registry mirror", key="registry-mirrors", read=_mirror),
    _string("seccomp-profile", 'Path to seccomp profile; "unconfined" to disable the default one'),
    _number("shutdown-timeout", "Set the default shutdown timeout"),
    _string("storage-driver", "Storage driver to use", "s"),
    _switch("tls", "Use TLS; implied by --tlsverify"),
    _string("tlscacert", "Trust certs signed only by this CA"),
    _string("tlscert", "Path to TLS certificate file"),
    _string("tlskey", "Path to TLS key file"),
    _switch("tlsverify", "Use TLS and verify the remote"),
    _switch("userland-proxy", "Publish ports on loopback addresses too"),
    _switch("validate", "Validate daemon configuration and exit", key="-"),
    _switch("version", "Print version information and quit", "v", key="-"),
    _switch("help", "Print usage", "h", key="-"),
)  # fmt: skip
#: options that only dockerd has use for: taken, so that its configuration can be, or refused by what they would need
FOREIGN: tuple[Option, ...] = (
    Option("add-runtime", _pair, "", key="runtimes", many="map", file=(dict,), item=dict, lacks="other runtimes"),
    Option("authorization-plugin", _text, "", key="authorization-plugins", many="list", file=(list,), lacks="plugins"),
    Option("builder", _text, "", file=(dict,), item=object, lacks="-"),
    Option("cdi-spec-dir", _text, "", key="cdi-spec-dirs", many="list", file=(list,), lacks="CDI devices"),
    Option("containerd", _text, "", lacks="-"),
    Option("containerd-namespace", _text, "", lacks="-"),
    Option("containerd-plugins-namespace", _text, "", key="containerd-plugin-namespace", lacks="-"),
    Option("cpu-rt-period", _integer, "", file=(int,), lacks="real-time limits of the parent cgroup"),
    Option("cpu-rt-runtime", _integer, "", file=(int,), lacks="real-time limits of the parent cgroup"),
    Option("cri-containerd", _boolean, "", key="-", file=(bool,), lacks="-"),
    Option("init-path", _text, "", lacks="-"),
    Option("ip-forward-no-drop", _boolean, "", file=(bool,), lacks="-"),
    Option("metrics-addr", _text, "", lacks="metrics endpoint"),
    Option("network-control-plane-mtu", _integer, "", file=(int,), lacks="-"),
    Option("node-generic-resource", _text, "", key="node-generic-resources", many="list", file=(list,), lacks="-"),
    Option("raw-logs", _boolean, "", file=(bool,), lacks="-"),
    Option("rootless", _boolean, "", file=(bool,), lacks="rootless mode"),
    Option("selinux-enabled", _boolean, "", file=(bool,), lacks="-"),
    Option("storage-opt", _text, "", key="storage-opts", many="list", file=(list,), lacks="options of its storage"),
    Option("swarm-default-advertise-addr", _text, "", lacks="-"),
    Option("userland-proxy-path", _text, "", lacks="-"),
    Option("userns-remap", _text, "", lacks="user namespace remapping"),
    # keys that dockerd has given up, and takes still
    Option("allow-nondistributable-artifacts", _text, "", many="list", file=(list,), lacks="-"),
    Option("deprecated-key-path", _text, "", lacks="-"),
    Option("network-diagnostic-port", _integer, "", file=(int,), lacks="-"),
)

BY_NAME: Mapping[str, Option] = {option.name: option for option in (*OPTIONS, *FOREIGN)}
BY_SHORT: Mapping[str, Option] = {option.short: option for option in OPTIONS if option.short}
BY_KEY: Mapping[str, Option] = {option.file_key: option for option in BY_NAME.values() if option.key != "-"}
