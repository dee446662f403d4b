"""What ``--log-opt`` may say for each driver, and what of a container's labels and environment goes into its log.

The daemon validates names with this when a container is created, and values when it starts, as Docker does; the shim's
writers read the values.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.expressions import BadExpression, Expression
from pydock.runtime.logs import syslog
from pydock.runtime.logs.values import boolean, integer, size

_COMMON = frozenset({"env", "env-regex", "labels", "labels-regex", "tag"})
_FILE = frozenset({"max-size", "max-file", "compress"})
_SYSLOG = frozenset(
    {"address", "facility", "tls-ca-cert", "tls-cert", "tls-key", "tls-skip-verify", "format"}
)  # each after "syslog-"
#: the options that go with every driver; those of the cache do nothing where the driver has a file of its own
_EVERY = frozenset({"mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"})
#: the options of each driver
KNOWN = {
    "json-file": _COMMON | _FILE,
    "local": _FILE,
    "none": frozenset[str](),
    "syslog": _COMMON | {f"syslog-{name}" for name in _SYSLOG},
    "journald": _COMMON,
}
#: the drivers that add labels and variables to their entries
_ADDING = ("json-file", "journald")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How a log file is rotated: ``max_size`` in bytes, 0 for never; ``max_files`` counts the file written to."""

    max_size: int = 0
    max_files: int = 1
    compress: bool = False


def validate(driver: str, options: Mapping[str, str]) -> None:
    """InvalidParameter, in Docker's words, where a container with `driver` cannot have `options`."""
    if driver not in KNOWN:
        raise InvalidParameter(f"logger: no log driver named '{driver}' is registered")
    if driver == "none":
        return
    mode = options.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        raise InvalidParameter(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options:
        if mode != "non-blocking":
            raise InvalidParameter("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        with _prefixed("error parsing option max-buffer-size: "):
            size(options["max-buffer-size"], 1024)
    if "cache-disabled" in options:
        cache_disabled(options)
    named = f"{driver} log driver" if driver != "local" else "log driver local"
    for name in sorted(options):
        if name not in KNOWN[driver] and name not in _EVERY:
            raise InvalidParameter(f"unknown log opt '{name}' for {named}")
    if driver == "syslog":
        syslog.check(options)


def cache_disabled(options: Mapping[str, str]) -> bool:
    """Whether a driver that cannot be read keeps no copy for those who want to read the log here."""
    text = options.get("cache-disabled", "false")
    try:
        return boolean(text)
    except InvalidParameter as error:
        raise InvalidParameter(f"invalid value for option cache-disabled: {text}") from error


def file_limits(driver: str, options: Mapping[str, str]) -> FileLimits:
    """The limits of a driver's file, or for one without of its cache, with the driver's defaults."""
    if driver == "json-file":
        return _json_file_limits(options)
    if driver == "local":
        return _local_limits(options)
    cache = {name: options[f"cache-{name}"] for name in _FILE if options.get(f"cache-{name}")}
    try:
        return _local_limits(cache)
    except InvalidParameter:
        return _local_limits({})  # Docker does not refuse them either


def _json_file_limits(options: Mapping[str, str]) -> FileLimits:
    max_size, max_files, compress = 0, 1, False
    if "max-size" in options:
        max_size = size(options["max-size"], 1000)
        if max_size <= 0:
            raise InvalidParameter("max-size must be a positive number")
    if "max-file" in options:
        max_files = integer(options["max-file"])
        if max_files < 1:
            raise InvalidParameter("max-file cannot be less than 1")
    if "compress" in options:
        compress = boolean(options["compress"])
        if compress and (max_files == 1 or not max_size):
            raise InvalidParameter("compress cannot be true when max-file is less than 2 or max-size is not set")
    return FileLimits(max_size, max_files, compress)


def _local_limits(options: Mapping[str, str]) -> FileLimits:
    max_size, max_files, compress = 20_000_000, 5, True
    if "max-size" in options:
        with _prefixed(f"invalid value for max-size: {options['max-size']}: "):
            max_size = size(options["max-size"], 1000)
    if "max-file" in options:
        with _prefixed(f"invalid value for max-file: {options['max-file']}: "):
            max_files = integer(options["max-file"])
    if "compress" in options:
        with _prefixed("error reading compress log option: "):
            compress = boolean(options["compress"])
    if max_files < 0:
        raise InvalidParameter("max file count cannot be less than 0")
    if compress and max_files <= 1:
        raise InvalidParameter("compression cannot be enabled when max file count is 1")
    # a file of no size is full with its first entry
    return FileLimits(max_size or 1, max(max_files, 1), compress)


@contextlib.contextmanager
def _prefixed(words: str) -> Iterator[None]:
    try:
        yield
    except InvalidParameter as error:
        raise InvalidParameter(f"{words}{error.message}") from error


def attributes(
    driver: str, options: Mapping[str, str], labels: Mapping[str, str], environment: Sequence[str]
) -> dict[str, str]:
    """The labels and variables that the options ``labels``, ``env`` and their -regex forms choose for each entry."""
    if driver not in _ADDING:
        return {}
    variables = dict(variable.split("=", 1) for variable in environment if "=" in variable)
    chosen: dict[str, str] = {}
    for name, values in (("labels", labels), ("env", variables)):
        for key in options.get(name, "").split(","):
            if key in values:
                chosen[key] = values[key]
        if (text := options.get(f"{name}-regex", "")) and (values or name == "labels"):
            pattern = _pattern(text)
            chosen |= {key: value for key, value in values.items() if pattern.search(key)}
    return chosen


def _pattern(text: str) -> Expression:
    try:
        return Expression(text)
    except BadExpression as error:
        raise InvalidParameter(f"error parsing regexp: {error}") from error
