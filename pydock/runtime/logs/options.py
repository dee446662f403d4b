"""What ``--log-opt`` may say for each driver, and what of a container's labels and environment goes into its log.

The daemon validates with this when a container is created; the shim's writers read the values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.runtime.logs import syslog
from pydock.runtime.logs.values import boolean, size

_COMMON = frozenset({"env", "env-regex", "labels", "labels-regex", "tag"})
_FILE = frozenset({"max-size", "max-file", "compress"})
_SYSLOG = frozenset(
    {"address", "facility", "tls-ca-cert", "tls-cert", "tls-key", "tls-skip-verify", "format"}
)  # each after "syslog-"
_CACHE = frozenset({"cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"})
#: the options of each driver; ``mode`` and ``max-buffer-size`` go with every one
KNOWN = {
    "json-file": _COMMON | _FILE,
    "local": _COMMON | _FILE,
    "none": frozenset[str](),
    "syslog": _COMMON | {f"syslog-{name}" for name in _SYSLOG} | _CACHE,
    "journald": _COMMON | _CACHE,
}


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How a log file is rotated: ``max_size`` in bytes, 0 for never; ``max_files`` counts the file written to."""

    max_size: int = 0
    max_files: int = 1
    compress: bool = False


def validate(driver: str, options: Mapping[str, str]) -> None:
    """InvalidParameter, in Docker's words, where `driver` does not have one of `options` or its value cannot be."""
    if driver not in KNOWN:
        raise InvalidParameter(f"logger: no log driver named '{driver}' is registered")
    mode = options.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        raise InvalidParameter(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options:
        if mode != "non-blocking":
            raise InvalidParameter("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        size(options["max-buffer-size"], 1024)
    if driver == "none":
        return
    named = f"{driver} log driver" if driver != "local" else "log driver local"
    for name in options:
        if name not in KNOWN[driver] and name not in ("mode", "max-buffer-size"):
            raise InvalidParameter(f"unknown log opt '{name}' for {named}")
    file_limits(driver, options)
    if driver == "syslog":
        syslog.check(options)
    if "cache-disabled" in options:
        boolean(options["cache-disabled"])
    for name in ("labels-regex", "env-regex"):
        _pattern(options.get(name, ""))


def file_limits(driver: str, options: Mapping[str, str]) -> FileLimits:
    """The limits of a driver's file, or for one without of its cache, with the driver's defaults."""
    prefix = "" if driver in ("json-file", "local") else "cache-"
    default = FileLimits() if driver == "json-file" else FileLimits(20_000_000, 5, True)
    max_size, max_files, compress = default.max_size, default.max_files, default.compress
    if text := options.get(f"{prefix}max-size", ""):
        max_size = size(text, 1000)
        if max_size <= 0:
            raise InvalidParameter("max-size must be a positive number")
    if text := options.get(f"{prefix}max-file", ""):
        if not re.fullmatch(r"[+-]?\d+", text):
            raise InvalidParameter(f'strconv.Atoi: parsing "{text}": invalid syntax')
        max_files = int(text)
        if max_files < 1:
            raise InvalidParameter("max-file cannot be less than 1")
    if f"{prefix}compress" in options:
        compress = boolean(options[f"{prefix}compress"])
        if driver == "json-file" and compress and (max_files == 1 or not max_size):
            raise InvalidParameter("compress cannot be true when max-file is less than 2 or max-size is not set")
    return FileLimits(max_size, max_files, compress and max_files > 1)


def attributes(options: Mapping[str, str], labels: Mapping[str, str], environment: Sequence[str]) -> dict[str, str]:
    """The labels and variables that the options ``labels``, ``env`` and their -regex forms choose for each entry."""
    variables = dict(variable.split("=", 1) for variable in environment if "=" in variable)
    chosen: dict[str, str] = {}
    for name, values in (("labels", labels), ("env", variables)):
        for key in options.get(name, "").split(","):
            if key in values:
                chosen[key] = values[key]
        if text := options.get(f"{name}-regex", ""):
            pattern = _pattern(text)
            chosen |= {key: value for key, value in values.items() if pattern.search(key)}
    return chosen


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidParameter(f"error parsing regexp: {error}: `{text}`") from error
