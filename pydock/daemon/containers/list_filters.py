"""The filters of the containers list: read once for a request, in Docker's words, then asked of each container."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydock.daemon import filter_keys
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Container, Status
from pydock.errors import InvalidParameter, NotFound
from pydock.expressions import matcher

ACCEPTED = frozenset(
    {
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
        "publish", "since", "status", "volume",
    }
)  # fmt: skip
HEALTH = ("none", "starting", "healthy", "unhealthy")
_STATUSES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_TRUTHS = {"1": True, "true": True, "0": False, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")

Filters = Mapping[str, Sequence[str]]
#: the IDs of all images made from the one that a name means
Ancestry = Callable[[str], set[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request asks for; None where it does not care."""

    filters: Filters
    ids: set[str] | None = None
    images: set[str] | None = None
    names: tuple[Callable[[str], bool], ...] = ()
    exited: tuple[int, ...] = ()
    health: tuple[str, ...] = ()
    published: set[str] = field(default_factory=set)
    exposed: set[str] = field(default_factory=set)
    before: Entry | None = None
    since: Entry | None = None

    @property
    def wants_stopped(self) -> bool:
        """Whether a filter asks for containers that may not run."""
        return "status" in self.filters

    def passes(self, entry: Entry) -> bool:
        """Whether a container passes (``before`` and ``since`` are the list's own affair)."""
        record = entry.record
        return (
            (self.ids is None or record.id in self.ids)
            and (not self.names or any(match(record.name) or match(f"/{record.name}") for match in self.names))
            and self._task()
            and _labels(record, self.filters.get("label", ()))
            and self._exit(record)
            and self._among("status", record.state.status.value)
            and (not self.health or _health(entry) in self.health)
            and _volume(record, self.filters.get("volume", ()))
            and (self.images is None or record.image in self.images)
            and _network(record, self.filters.get("network", ()))
            and self._ports(record)
        )

    def _task(self) -> bool:
        return not any(value in ("1", "true") for value in self.filters.get("is-task", ()))

    def _among(self, key: str, value: str) -> bool:
        wanted = self.filters.get(key, ())
        return not wanted or value in wanted

    def _exit(self, record: Container) -> bool:
        state = record.state
        if not self.exited:
            return True
        return state.exit_code in self.exited and not state.status.is_running() and bool(state.started_at)

    def _ports(self, record: Container) -> bool:
        if not self.published and not self.exposed:
            return True
        for port, bindings in ((record.sandbox or {}).get("ports") or {}).items():
            protocol = port.partition("/")[2] or "tcp"
            if port in self.exposed or any(f"{public}/{protocol}" in self.published for _, public in bindings or ()):
                return True
        return False


def read(filters: Filters, catalog: Catalog, ancestry: Ancestry) -> Selection:
    """Check and read `filters`."""
    filter_keys.check(filters, ACCEPTED)
    exited = tuple(map(_exit_code, filters.get("exited", ())))
    for value in filters.get("status", ()):
        if value not in _STATUSES:
            raise InvalidParameter(
                f"invalid filter 'status={value}': invalid value for state ({value}): must be one of "
                f"{', '.join(_STATUSES)}"
            )
    for value in filters.get("health", ()):
        if value not in HEALTH:
            raise InvalidParameter(
                f"invalid filter 'health={value}': invalid value for health ({value}): must be one of "
                f"{', '.join(HEALTH)}"
            )
    tasks = filters.get("is-task", ())
    if any(value not in _TRUTHS for value in tasks) or len({_TRUTHS[value] for value in tasks}) > 1:
        raise InvalidParameter(f"invalid filter 'is-task=[{' '.join(tasks)}]'")
    return Selection(
        filters=filters,
        before=_last(filters.get("before", ()), catalog),
        since=_last(filters.get("since", ()), catalog),
        ids=_ids(filters["id"], catalog) if filters.get("id") else None,
        images=set().union(*map(ancestry, filters["ancestor"])) if filters.get("ancestor") else None,
        names=tuple(map(matcher, filters.get("name", ()))),
        exited=exited,
        health=tuple(filters.get("health", ())),
        published=_port_set("publish", filters.get("publish", ())),
        exposed=_port_set("expose", filters.get("expose", ())),
    )


def _ids(values: Iterable[str], catalog: Catalog) -> set[str]:
    found = set()
    for value in values:
        try:
            entry = catalog.find(value)
        except (NotFound, InvalidParameter):
            continue
        if entry.id.startswith(value):  # not by its name
            found.add(entry.id)
    return found


def _last(values: Sequence[str], catalog: Catalog) -> Entry | None:
    if "" in values:
        raise NotFound("No such container: ")
    return [catalog.find(value) for value in values][-1] if values else None


def _exit_code(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise InvalidParameter(f"invalid filter 'exited={value}': strconv.Atoi: parsing \"{value}\": invalid syntax")
    return int(value)


def _port_set(key: str, values: Iterable[str]) -> set[str]:
    """``80``, ``80/udp``, ``8000-8010/tcp`` as a set of single ports with their protocols."""
    found: set[str] = set()
    for value in values:
        if ":" in value:
            raise InvalidParameter(f"filter for '{key}' should not contain ':': {value}")
        numbers, _, protocol = value.partition("/")
        if not numbers:
            raise InvalidParameter(f"error while looking up for {key} {value}: Empty string specified for ports.")
        first, dash, last = numbers.partition("-")
        low, high = _port(first), _port(last if dash else first)
        if low is None or high is None:
            wrong = last if dash and low is not None else first
            problem = "value out of range" if wrong.isascii() and wrong.isdigit() else "invalid syntax"
            raise InvalidParameter(
                f'error while looking up for {key} {value}: strconv.ParseUint: parsing "{wrong}": {problem}'
            )
        if high < low:
            told = f"Invalid range specified for the Port: {numbers}"
            raise InvalidParameter(f"error while looking up for {key} {value}: {told}")
        found |= {f"{number}/{protocol or 'tcp'}" for number in range(low, high + 1)}
    return found


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535 else None


def _labels(record: Container, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    labels = record.config["Labels"] or {}
    for one in wanted:
        key, equals, value = one.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def _health(entry: Entry) -> str:
    return str(entry.health["Status"]) if entry.health else "none"


def _volume(record: Container, wanted: Sequence[str]) -> bool:
    return not wanted or any(
        value in (point.target, point.name or point.source) for value in wanted for point in record.mounts
    )


def _network(record: Container, wanted: Sequence[str]) -> bool:
    return not wanted or any(
        value == name or (endpoint.network_id and endpoint.network_id.startswith(value))
        for value in wanted
        for name, endpoint in record.endpoints.items()
    )


def runs(record: Container) -> bool:
    """Whether a list without ``all`` shows it."""
    return record.state.status.is_running() and record.state.status != Status.REMOVING
