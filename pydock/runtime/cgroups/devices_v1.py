"""Device rules as the commands of the v1 devices controller."""

from collections.abc import Iterable, Iterator

from pydock.runtime.spec import DeviceRule


def device_commands(rules: Iterable[DeviceRule]) -> Iterator[tuple[str, str]]:
    """(file, text) pairs to write in order; a rule for all devices resets the list, as the controller does."""
    for rule in rules:
        file = "devices.allow" if rule["allow"] else "devices.deny"
        kind = rule.get("type", "a") or "a"
        access = rule.get("access", "rwm") or "rwm"
        if kind == "a":
            yield file, "a"
            continue
        yield file, f"{kind} {_number(rule.get('major'))}:{_number(rule.get('minor'))} {access}"


def _number(value: int | None) -> str:
    return "*" if value is None or value < 0 else str(value)
