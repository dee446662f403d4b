"""From the command line and ``daemon.json`` to a `Config`, refusing what dockerd refuses, in its words.

Called by main at the start, and again for a reload.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from pydock import json_mistakes
from pydock.daemon.config import AddressPool, Config, ContainerDefaults, NetworkOptions, TlsOptions
from pydock.daemon.options import BY_KEY, BY_NAME, BY_SHORT, OPTIONS, Option
from pydock.errors import InvalidParameter
from pydock.imagestore.registry.options import RegistryOptions

Values = dict[str, Any]
_PROXIES = ("http-proxy", "https-proxy")
_LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")


_KINDS = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}
_GO_TYPES = {bool: "bool", str: "string", int: "int", list: "array", dict: "map[string]string"}


class BadUsage(Exception):
    """The command line is wrong; the text says how."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What the command line said: values by option name."""

    values: Mapping[str, Any]

    @property
    def config_file(self) -> Path:
        """The configuration file that it names, or the default one."""
        return Path(self.values.get("config-file", Config().config_file))


def parse(arguments: Sequence[str]) -> CommandLine:
    """Read the command line."""
    values: Values = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "--" and not words:
            break
        if word.startswith("--"):
            name, equals, text = word[2:].partition("=")
            option = BY_NAME.get(name)
            if option is None:
                raise BadUsage(f"unknown flag: --{name}")
            _set(values, option, text if equals else None, words, f"--{name}")
        elif word.startswith("-") and len(word) > 1:
            _parse_short(values, word, words)
        else:
            raise BadUsage(f'"pydockd" accepts no arguments: {word}')
    return CommandLine(values)


def _parse_short(values: Values, word: str, words: list[str]) -> None:
    letters = word[1:]
    while letters:
        option = BY_SHORT.get(letters[0])
        if option is None:
            raise BadUsage(f"unknown shorthand flag: '{letters[0]}' in {word}")
        letter, letters = letters[0], letters[1:]
        if option.file == (bool,) and not letters.startswith("="):
            _set(values, option, None, words, f"-{letter}")
            continue
        _set(values, option, letters.removeprefix("=") if letters else None, words, f"'{letter}' in {word}")
        return


def _set(values: Values, option: Option, text: str | None, words: list[str], shown: str) -> None:
    if text is None:
        if option.file == (bool,):
            text = "true"
        elif words:
            text = words.pop(0)
        else:
            raise BadUsage(f"flag needs an argument: {shown}")
    try:
        value = option.read(text)
    except ValueError as error:
        raise BadUsage(f'invalid argument "{text}" for "{option.shown}" flag: {error}') from None
    if option.many == "list":
        values.setdefault(option.name, []).append(value)
    elif option.many == "map":
        found = values.setdefault(option.name, {})
        if isinstance(value[1], dict):  # several of one key
            found.setdefault(value[0], {}).update(value[1])
        else:
            found[value[0]] = value[1]
    else:
        values[option.name] = value


def load(command_line: CommandLine) -> Config:
    """Put the command line and the configuration file together; InvalidParameter in dockerd's words."""
    path = command_line.config_file
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        if "config-file" in command_line.values:
            raise InvalidParameter(
                f"unable to configure the Docker daemon with file {path}: open {path}: no such file or directory"
            ) from None
        text = b""
    except OSError as error:
        raise InvalidParameter(
            f"unable to configure the Docker daemon with file {path}: open {path}: {(error.strerror or '').lower()}"
        ) from None
    wrong = f"unable to configure the Docker daemon with file {path}: "
    try:
        from_file = _read_file(text)
        _refuse_conflicts(command_line.values, from_file)
    except ValueError as error:
        raise InvalidParameter(f"{wrong}{error}") from None
    try:
        values = {name: _checked(BY_NAME[name], value) for name, value in from_file.items()}
        return _build({**values, **command_line.values}, path)
    except ValueError as error:
        merged = f"{wrong}merged configuration validation from file and command line flags failed: " if text else ""
        raise InvalidParameter(f"{merged}{error}") from None


def reloaded(config: Config, loaded: Config) -> Config:
    """The running daemon's configuration with what a reload takes over of one that was loaded just now."""
    containers = replace(config.containers, ipc_mode=loaded.containers.ipc_mode, shm_size=loaded.containers.shm_size)
    return replace(
        config,
        debug=loaded.debug,
        log_level=loaded.log_level,
        labels=loaded.labels,
        features=loaded.features,
        live_restore=loaded.live_restore,
        shutdown_timeout=loaded.shutdown_timeout,
        containers=containers,
        registry=loaded.registry,
    )


def _read_file(text: bytes) -> Values:
    if not text.strip():
        return {}
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("invalid JSON: exceeded max depth") from None
    except ValueError:
        raise ValueError(f"invalid JSON: {json_mistakes.explain_file(text) or 'it is not UTF-8'}") from None
    if not isinstance(content, dict):
        raise ValueError(
            f"invalid JSON: json: cannot unmarshal {_KINDS.get(type(content), 'null')} into Go value of type "
            "map[string]interface {}"
        )
    if isinstance(proxies := content.pop("proxies", None), dict):
        content.update(proxies)
    if isinstance(gateway := content.get("host-gateway-ip"), str):
        del content["host-gateway-ip"]
        content.setdefault("host-gateway-ips", [gateway])
    if unknown := sorted(key for key in content if key not in BY_KEY):
        raise ValueError(f"the following directives don't match any configuration option: {', '.join(unknown)}")
    for key, value in content.items():
        _check_types(BY_KEY[key], key, value)
    return {BY_KEY[key].name: value for key, value in content.items() if value is not None}


def _check_types(option: Option, key: str, value: Any) -> None:
    if value is None:
        return  # as if it were not there
    if type(value) not in option.file:
        wanted = _GO_TYPES[option.file[0]]
        _refuse_type(value, key, f"[]{_GO_TYPES[option.item]}" if option.many == "list" else wanted)
    items = value.items() if isinstance(value, dict) else [(None, item) for item in value] if option.many else ()
    for name, item in items:
        if not isinstance(item, option.item):
            _refuse_type(item, key if name is None else f"{key}.{name}", _GO_TYPES[option.item])


def _refuse_type(value: Any, place: str, wanted: str) -> NoReturn:
    kind = _KINDS.get(type(value), "null")
    raise ValueError(
        f"invalid JSON: json: cannot unmarshal {kind} into Go struct field Config.{place} of type {wanted}"
    )


def _checked(option: Option, value: Any) -> Any:
    """A value of the file as a flag would have given it."""
    if option.many == "list":
        return [option.read(item) if isinstance(item, str) else item for item in value]
    return option.read(value) if isinstance(value, str) else value


def _refuse_conflicts(flags: Mapping[str, Any], from_file: Values) -> None:
    clashes = [
        f"{BY_NAME[name].file_key}: (from flag: {_shown(name, flags)}, from file: {_shown(name, from_file)})"
        for name in sorted(flags)
        if name in from_file
    ]
    if clashes:
        raise ValueError(
            "the following directives are specified both as a flag and in the configuration file: " + ", ".join(clashes)
        )


def _shown(name: str, values: Mapping[str, Any]) -> str:
    value = values[name]
    return without_password(value) if name in _PROXIES and isinstance(value, str) else _go(value)


def without_password(url: str) -> str:
    """A proxy's URL as it may be shown to anybody."""
    head, scheme, rest = url.rpartition("://")
    authority, slash, path = rest.partition("/")
    _, at, host = authority.rpartition("@")
    return f"{head}{scheme}xxxxx:xxxxx@{host}{slash}{path}" if at else url


def _go(value: Any) -> str:
    """A value as Go prints it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + " ".join(map(_go, value)) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go(item)}" for key, item in value.items()) + "]"
    return str(value)


def _build(values: Values, path: Path) -> Config:
    _validate(values)
    defaults = Config()
    return Config(
        data_root=_absolute(values, "data-root", defaults.data_root),
        exec_root=_absolute(values, "exec-root", defaults.exec_root),
        pidfile=_absolute(values, "pidfile", defaults.pidfile),
        config_file=path,
        hosts=tuple(values.get("host", ())),
        group=values.get("group", defaults.group),
        tls=_tls(values),
        debug=values.get("debug", False),
        log_level=values.get("log-level", defaults.log_level),
        log_format=values.get("log-format", defaults.log_format),
        labels=tuple(values.get("label", ())),
        experimental=values.get("experimental", False),
        features=values.get("feature", {}),
        live_restore=values.get("live-restore", True),
        shutdown_timeout=values.get("shutdown-timeout", defaults.shutdown_timeout),
        network=_network(values),
        containers=_containers(values),
        registry=_registry(values),
    )


def _absolute(values: Values, name: str, default: Path) -> Path:
    return Path(os.path.abspath(values.get(name, default)))


def _tls(values: Values) -> TlsOptions:
    default = TlsOptions()
    return TlsOptions(
        enabled=values.get("tls", False) or values.get("tlsverify", False),
        verify=values.get("tlsverify", False),
        ca=Path(values.get("tlscacert", default.ca)),
        certificate=Path(values.get("tlscert", default.certificate)),
        key=Path(values.get("tlskey", default.key)),
    )


def _picked(values: Values, **names: str) -> Values:
    """The given options under the names that a dataclass has for them; lists as tuples, absent ones left out."""
    picked = {field: values[name] for field, name in names.items() if name in values}
    return {field: tuple(value) if isinstance(value, list) else value for field, value in picked.items()}


def _network(values: Values) -> NetworkOptions:
    pools = tuple(AddressPool(pool["base"], pool["size"]) for pool in values.get("default-address-pool", ()))
    options = {driver: dict(given) for driver, given in values.get("default-network-opt", {}).items()}
    same = {
        name.replace("-", "_"): name
        for name in (
            "bridge", "bip", "bip6", "fixed-cidr", "fixed-cidr-v6", "default-gateway", "default-gateway-v6", "ipv6",
            "mtu", "icc", "ip", "iptables", "ip6tables", "ip-forward", "ip-masq", "userland-proxy",
            "allow-direct-routing", "dns", "dns-search",
        )
    }  # fmt: skip
    picked = _picked(values, **same, dns_options="dns-opt", host_gateway_ips="host-gateway-ip")
    return NetworkOptions(default_address_pools=pools, default_network_opts=options, **picked)


def _containers(values: Values) -> ContainerDefaults:
    return ContainerDefaults(
        **_picked(
            values,
            ulimits="default-ulimit",
            log_driver="log-driver",
            log_opts="log-opt",
            cgroup_parent="cgroup-parent",
            cgroupns_mode="default-cgroupns-mode",
            ipc_mode="default-ipc-mode",
            shm_size="default-shm-size",
            init="init",
            no_new_privileges="no-new-privileges",
            runtime="default-runtime",
        ),
        seccomp_profile=values.get("seccomp-profile") or ContainerDefaults().seccomp_profile,
    )


def _registry(values: Values) -> RegistryOptions:
    environment = {
        name: os.environ.get(name.upper()) or os.environ.get(name) or ""
        for name in ("http_proxy", "https_proxy", "no_proxy")
    }
    picked = _picked(
        {name: value for name, value in values.items() if name != "max-download-attempts" or value},
        mirrors="registry-mirror",
        insecure="insecure-registry",
        http_proxy="http-proxy",
        https_proxy="https-proxy",
        no_proxy="no-proxy",
        max_concurrent_downloads="max-concurrent-downloads",
        max_concurrent_uploads="max-concurrent-uploads",
        max_download_attempts="max-download-attempts",
    )
    return RegistryOptions(**{**environment, **picked})


def _validate(values: Values) -> None:
    """Check what no single value can tell."""
    for name, value in values.items():
        if value and BY_NAME[name].lacks not in ("", "-"):
            raise ValueError(f"{BY_NAME[name].file_key} is not supported: pydock has no {BY_NAME[name].lacks}")
    _check_labels(values.get("label", ()))
    if (level := values.get("log-level", "info")) not in _LEVELS:
        raise ValueError(f"invalid logging level: {level}")
    if (form := values.get("log-format", "text")) not in ("text", "json"):
        raise ValueError(f"invalid log format: {form}")
    if (mode := values.get("default-ipc-mode", "private")) not in ("private", "shareable"):
        raise ValueError(f'default IPC mode setting ({mode}) is invalid; use "shareable" or "private"')
    if (mode := values.get("default-cgroupns-mode", "private")) not in ("host", "private"):
        raise ValueError(f'invalid default cgroup namespace ({mode}): use "host" or "private"')
    if (driver := values.get("storage-driver", "overlay2")) != "overlay2":
        raise ValueError(f"unknown storage driver: {driver}")
    if (runtime := values.get("default-runtime", "runc")) != "runc":
        raise ValueError(f"specified default runtime '{runtime}' does not exist")
    if (mtu := values.get("mtu", 1500)) < 0:
        raise ValueError(f"invalid default MTU: {mtu}")
    for name in ("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"):
        if (number := values.get(name, 3)) < 0:
            raise ValueError(f"invalid {name.replace('-', ' ')}: {number}")
    for option in values.get("exec-opt", ()):
        name, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"invalid exec-opt ({option}): must be formatted 'opt=value'")
        if (name, value) != ("native.cgroupdriver", "cgroupfs"):
            raise ValueError(
                f"exec-opt {option} is not supported: containers are in cgroups of the daemon's own making"
            )
    for pool in values.get("default-address-pool", ()):
        if not isinstance(pool, dict) or not isinstance(pool.get("base"), str) or not isinstance(pool.get("size"), int):
            raise ValueError("invalid default address pool: base and size are needed")


def _check_labels(labels: Sequence[str]) -> None:
    """A key may come twice only with the same value."""
    seen: dict[str, str] = {}
    for label in labels:
        key, _, value = label.partition("=")
        if seen.setdefault(key, value) != value:
            raise ValueError(f"conflict labels for {key}={value} and {key}={seen[key]}")


def usage() -> str:
    """The text of ``--help``."""
    lines = ["", "Usage:\tpydockd [OPTIONS]", "", "A self-sufficient runtime for containers.", "", "Options:"]
    for option in OPTIONS:
        short = f"-{option.short}," if option.short else "   "
        lines.append(f"  {short} --{option.name:<28} {option.help}")
    return "\n".join(lines)
