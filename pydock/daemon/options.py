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
    if parts.scheme not in ("http", "https"):
        raise ValueError(
            f"invalid mirror: unsupported scheme \"{parts.scheme}\" in \"{value}\": must use either 'https://' or 'http://'"
        )
    if not parts.netloc or parts.query or parts.fragment or parts.username is not None:
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
        pool[key] = text if key == "base" else _integer(text)
    return pool


def _ulimit(value: str) -> tuple[str, dict[str, Any]]:
    match = re.fullmatch(r"([a-z]+)=(-?\d{1,18})(?::(-?\d{1,18}))?", value)
    if not match:
        raise ValueError(f"invalid ulimit argument: {value}")
    soft, hard = int(match[2]), int(match[3] or match[2])
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


def _list(name: str, help: str, short: str = "", key: str = "", read: Reader = _text) -> Option:
    return Option(name, read, help, short, key, "list", (list,))


def _map(name: str, help: str, key: str = "", read: Reader = _pair) -> Option:
    return Option(name, read, help, "", key, "map", (dict,))


OPTIONS: tuple[Option, ...] = (
    _switch("allow-direct-routing", "Allow remote access to published ports on container IP addresses"),
    _string("bip", "IPv4 address for the default bridge"),
    _string("bip6", "IPv6 address for the default bridge"),
    _string("bridge", "Attach containers to a network bridge", "b"),
    _string("cgroup-parent", "Set parent cgroup for all containers"),
    _string("config-file", "Daemon configuration file", key="-"),
    _string("data-root", "Root directory of persistent state"),
    _switch("debug", "Enable debug mode", "D"),
    _list("default-address-pool", "Default address pools for local networks", key="default-address-pools", read=_pool),
    _string("default-cgroupns-mode", 'Default mode for containers cgroup namespace ("host" | "private")'),
    _string("default-gateway", "Default gateway IPv4 address for the default bridge network", read=_address),
    _string("default-gateway-v6", "Default gateway IPv6 address for the default bridge network", read=_address),
    _string("default-ipc-mode", 'Default mode for containers ipc ("shareable" | "private")'),
    _map("default-network-opt", "Default network options", key="default-network-opts"),
    _string("default-runtime", "Default OCI runtime for containers"),
    Option("default-shm-size", _bytes, "Default shm size for containers", file=(str, int)),
    _map("default-ulimit", "Default ulimits for containers", key="default-ulimits", read=_ulimit),
    _list("dns", "DNS server to use", read=_server),
    _list("dns-opt", "DNS options to use", key="dns-opts"),
    _list("dns-search", "DNS search domains to use", read=_domain),
    _list("exec-opt", "Runtime execution options", key="exec-opts"),
    _string("exec-root", "Root directory for execution state files"),
    _switch("experimental", "Enable experimental features"),
    _map("feature", "Enable feature in the daemon", key="features", read=_feature),
    _string("fixed-cidr", "IPv4 subnet for the default bridge network"),
    _string("fixed-cidr-v6", "IPv6 subnet for the default bridge network"),
    _string("group", "Group for the unix socket", "G"),
    _list("host", "Daemon socket(s) to connect to", "H", "hosts", _host),
    _list("host-gateway-ip", "What 'host-gateway' in --add-host resolves to", key="host-gateway-ips", read=_address),
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

BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}
BY_SHORT: Mapping[str, Option] = {option.short: option for option in OPTIONS if option.short}
BY_KEY: Mapping[str, Option] = {option.file_key: option for option in OPTIONS if option.key != "-"}
