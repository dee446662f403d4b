"""Moments as users write them (`--since`, `--until`): ages, RFC 3339, dates, Unix times.

Called by `logs` and `events`.
"""

import time
from datetime import datetime

from pydock.cli.exits import Exit
from pydock.cli.quantities import duration


def to_unix(value: str, name: str = "") -> str:
    """`value` as seconds[.nanoseconds]; raises Exit where it is no time (`name`: of the option, for the message)."""
    try:
        age = duration(value)
    except ValueError:
        pass
    else:
        if value == "0":  # the epoch, not an age
            return value
        return str((time.time_ns() - age) // 10**9)  # whole seconds, as docker sends them
    try:
        return _absolute(value)
    except ValueError as error:
        raise Exit(f'invalid value for "{name}": {error}' if name else str(error)) from None


def _absolute(value: str) -> str:
    # a Unix time goes to the daemon as it is
    if "-" not in value and ":" not in value:
        whole, dot, part = value.partition(".")
        if not whole.isdigit() or (dot and not part.isdigit()):
            raise ValueError(f'failed to parse value as time or duration: "{value}"')
        return value
    day, _, clock = value.partition("T")
    zone = ""
    if clock:
        for sign in ("Z", "+", "-"):
            if sign in clock:
                at = clock.index(sign)
                clock, zone = clock[:at], clock[at:]
                break
    clock, _, fraction = clock.partition(".")
    fields = clock.split(":") if clock else []
    padded = ":".join([*fields, "00", "00", "00"][:3])
    try:
        moment = datetime.fromisoformat(f"{day}T{padded}{zone.replace('Z', '+00:00')}")
    except ValueError:
        raise ValueError(f'failed to parse value as time or duration: "{value}"') from None
    return f"{int(moment.timestamp())}.{fraction or '0':0<9.9}"
