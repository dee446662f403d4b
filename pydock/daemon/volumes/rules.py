"""What may be a volume's name and a local volume's options, and which volumes a filter lets pass, in Docker's words.

Pure functions, called by the volumes service.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from pydock.daemon import filter_keys
from pydock.daemon.volumes.volume import Volume
from pydock.errors import InvalidParameter, NotFound
from pydock.expressions import matcher

ANONYMOUS_LABEL = "com.docker.volume.anonymous"
DRIVER = "local"

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
#: NAME_MAX, less what a name carries in front while it is removed
_LONGEST_NAME = 240
#: each option and those that it cannot do without, in the order in which Docker misses them
_NEEDS = {"device": ("type",), "type": ("device",), "o": ("device", "type")}
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

_LIST_FILTERS = frozenset({"dangling", "name", "driver", "label"})
_PRUNE_FILTERS = frozenset({"label", "label!", "all"})


def check_driver(name: str, driver: str) -> None:
    """Refuse every driver but the local one."""
    if driver not in ("", DRIVER):
        raise NotFound(f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')


def check_name(name: str) -> None:
    """Refuse what is no name for a local volume."""
    if len(name) == 1:
        raise InvalidParameter(
            f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
        )
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
        )
    if len(name) > _LONGEST_NAME:
        raise InvalidParameter(f"create {name}: volume name is too long, the limit is {_LONGEST_NAME} characters")


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Refuse options that the local driver does not have, or that lack another one."""
    for key, value in options.items():
        if key not in (*_NEEDS, "size"):
            raise InvalidParameter(f'create {name}: invalid option: "{key}"')
        if "\0" in value:
            raise InvalidParameter(f'create {name}: invalid value of option "{key}"')
    if "size" in options:
        raise InvalidParameter(f"create {name}: quota size requested but no quota support")
    for key, needed in _NEEDS.items():
        for other in needed:
            if options.get(key) and not options.get(other):
                raise InvalidParameter(f'create {name}: missing required option: "{other}"')
    if options.get("type") == "cifs" and re.match(r"//[^/\]]*(\[[^/]*\])?:[0-9]+(/|$)", options["device"]):
        raise InvalidParameter(f"create {name}: port not allowed in CIFS device URL, include 'port' in 'o='")


def list_filter(filters: Mapping[str, Sequence[str]], is_referred: Callable[[str], bool]) -> Callable[[Volume], bool]:
    """The predicate of a list request; values of a key are alternatives (labels must all be there)."""
    filter_keys.check(filters, _LIST_FILTERS)
    names = [matcher(value) for value in filters.get("name", ())]
    drivers, labels = filters.get("driver", ()), filters.get("label", ())
    dangling: bool | None = None
    if "dangling" in filters:
        dangling = _boolean("dangling", filters["dangling"], brief=True)

    def passes(volume: Volume) -> bool:
        return (
            (not names or any(matches(volume.name) for matches in names))
            and (not drivers or volume.driver in drivers)
            and all(_has_label(volume, label) for label in labels)
            and (dangling is None or dangling != is_referred(volume.name))
        )

    return passes


def prune_filter(filters: Mapping[str, Sequence[str]]) -> Callable[[Volume], bool]:
    """The predicate of a prune: anonymous volumes only, unless ``all`` is true; never one with driver options."""
    filter_keys.check(filters, _PRUNE_FILTERS)
    everything = "all" in filters and _boolean("all", filters["all"])
    wanted, unwanted = filters.get("label", ()), filters.get("label!", ())

    def passes(volume: Volume) -> bool:
        return (
            not volume.options
            and (everything or ANONYMOUS_LABEL in (volume.labels or {}))
            and all(_has_label(volume, label) for label in wanted)
            and not (unwanted and all(_has_label(volume, label) for label in unwanted))
        )

    return passes


def _boolean(key: str, values: Sequence[str], brief: bool = False) -> bool:
    if not values:
        return False
    if len(values) == 1:
        if values[0] in _TRUE:
            return True
        if values[0] in _FALSE:
            return False
    if brief or len(values) > 1:
        raise InvalidParameter(f"invalid filter '{key}=[{' '.join(sorted(values))}]'")
    raise InvalidParameter(f"invalid filter '{key}': strconv.ParseBool: parsing \"{values[0]}\": invalid syntax")


def _has_label(volume: Volume, label: str) -> bool:
    key, equals, value = label.partition("=")
    labels = volume.labels or {}
    return key in labels and (not equals or labels[key] == value)
