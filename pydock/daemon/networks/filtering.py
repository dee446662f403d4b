"""Docker's filters of the network list and of prune.

Called by the networks service; the routes have refused keys that do not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydock.daemon.moments import parse_moment
from pydock.daemon.networks.live import LiveNetwork
from pydock.daemon.networks.record import NetworkRecord, parse_bool
from pydock.errors import InvalidParameter
from pydock.expressions import matcher

LIST_FILTERS: Final = frozenset(("dangling", "driver", "id", "label", "name", "scope", "type"))
PRUNE_FILTERS: Final = frozenset(("label", "label!", "until"))


def select(networks: Sequence[LiveNetwork], filters: Mapping[str, Sequence[str]]) -> list[LiveNetwork]:
    """Those that pass every filter; a filter is passed by any of its values, labels by all."""
    tests = [_list_test(key, values) for key, values in filters.items() if values]
    return [network for network in networks if all(test(network) for test in tests)]


def prunable(networks: Sequence[LiveNetwork], filters: Mapping[str, Sequence[str]]) -> list[LiveNetwork]:
    """Those that a prune may take: not predefined, old enough, by label."""
    until = filters.get("until", ())
    if len(until) > 1:
        raise InvalidParameter("more than one until filter specified")
    latest = parse_moment(until[0]) if until else None
    unwanted = filters.get("label!", ())
    return [
        network
        for network in networks
        if not network.record.predefined
        and (latest is None or network.record.created <= latest)
        and _labelled(network.record, filters.get("label", ()))
        and not (unwanted and _labelled(network.record, unwanted))
    ]


def _list_test(key: str, values: Sequence[str]) -> Callable[[LiveNetwork], bool]:
    match key:
        case "driver":
            return lambda network: network.record.driver in values
        case "id":
            ids = [matcher(one) for one in values]
            return lambda network: any(fits(network.record.id) for fits in ids)
        case "name":
            names = [matcher(one) for one in values]
            return lambda network: any(fits(network.record.name) for fits in names)
        case "label":
            return lambda network: _labelled(network.record, values)
        case "scope":
            return lambda network: "local" in values
        case "type":
            return _type_test(values)
        case _:
            return _dangling_test(values)


def _type_test(values: Sequence[str]) -> Callable[[LiveNetwork], bool]:
    for value in values:
        if value not in ("builtin", "custom"):
            raise InvalidParameter(f"invalid filter: 'type'='{value}'")
    return lambda network: ("builtin" if network.record.predefined else "custom") in values


def _dangling_test(values: Sequence[str]) -> Callable[[LiveNetwork], bool]:
    if len(values) > 1:
        raise InvalidParameter('got more than one value for filter key "dangling"')
    try:
        wanted = parse_bool(values[0])
    except ValueError:
        raise InvalidParameter(
            'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")'
        ) from None
    return lambda network: not network.record.predefined and (not network.endpoints()) is wanted


def _labelled(record: NetworkRecord, wanted: Sequence[str]) -> bool:
    for one in wanted:
        name, equals, value = one.partition("=")
        if name not in record.labels or (equals and record.labels[name] != value):
            return False
    return True
