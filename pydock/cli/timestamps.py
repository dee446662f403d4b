"""Moments as users write them (`--since`, `--until`): ages, RFC 3339, dates, Unix times.

Called by `logs` and `events`.
"""

import time

from pydock.cli.exits import Exit
from pydock.cli.flags import quoted
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
    from pydock import go_time  # which most calls have no need of

    try:
        moment = go_time.parse(_layout(value), value)
    except ValueError:
        if "-" in value:
            raise
        # a Unix time goes to the daemon as it is
        whole, dot, part = value.partition(".")
        if not whole.isdigit() or (dot and not part.isdigit()):
            raise ValueError(f"failed to parse value as time or duration: {quoted(value)}") from None
        return value
    seconds = moment.seconds if moment.ahead is not None else _local(moment.clock)
    return f"{seconds}.{moment.nanoseconds:09}"


def _local(clock: "tuple[int, ...]") -> int:
    return int(time.mktime(time.struct_time((*clock, 0, 0, -1))))


def _layout(value: str) -> str:
    """The layout, as Go has them, that a time is likely to be written in."""
    has_zulu = "z" in value or "Z" in value
    zone = "Z07:00" if has_zulu or "+" in value or value.count("-") == 3 else ""
    if "." in value:
        return f"2006-01-02T15:04:05.999999999{zone}"
    if "T" not in value:
        return f"2006-01-02{zone}"
    colons = value.count(":")
    if zone and not has_zulu and colons:
        colons -= 1  # the zone's own
    return f"2006-01-02T{('15', '15:04')[colons] if colons < 2 else '15:04:05'}{zone}"
