"""Signals by the names and numbers that Docker takes.  Used by stop and kill, and by create for ``StopSignal``."""

import re
import signal

from pydock.errors import InvalidParameter

#: by name without SIG, as on Linux; the real-time ones as RTMIN+n and RTMAX-n
NUMBERS: dict[str, int] = {
    one.name.removeprefix("SIG"): int(one) for one in signal.Signals if not one.name.startswith("SIGRT")
}
NUMBERS |= {"CLD": int(signal.SIGCHLD), "POLL": int(signal.SIGIO), "IOT": int(signal.SIGABRT)}
_RTMIN, _RTMAX = 34, 64
NUMBERS |= {"RTMIN": _RTMIN, "RTMAX": _RTMAX}
NUMBERS |= {f"RTMIN+{n}": _RTMIN + n for n in range(1, 16)} | {f"RTMAX-{n}": _RTMAX - n for n in range(1, 15)}
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")


def parse(text: str) -> int:
    """The number of a signal: "9", "KILL", "sigkill"; InvalidParameter for what is none."""
    if _INTEGER.fullmatch(text) and (number := int(text)):
        if 0 < number <= _RTMAX:
            return number
        raise InvalidParameter(f"the linux daemon does not support signal {number}")
    if (name := text.upper().removeprefix("SIG")) in NUMBERS:
        return NUMBERS[name]
    raise InvalidParameter(f"invalid signal: {text}")


def stop_signal(text: str) -> int:
    """The signal of a container's ``StopSignal``; SIGTERM where there is none, or none that is known."""
    try:
        return parse(text) if text else int(signal.SIGTERM)
    except InvalidParameter:
        return int(signal.SIGTERM)
