"""Signals: their names, handlers for them, and `--sig-proxy`.  Called by `terminal` and the commands that attach.

The C module below `signal` is used, since `signal` itself imports `enum`, which costs 3 ms.
"""

from pydock.cli.exits import Exit
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import SIG_DFL, default_int_handler, getsignal, signal

    from pydock.cli.console import Console
else:
    from _signal import SIG_DFL, default_int_handler, getsignal, signal

__all__ = ["SIG_DFL", "forward_signals", "is_default", "signal"]

NAMES = [
    "0",
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "STKFLT",
    "CHLD",
    "CONT",
    "STOP",
    "TSTP",
    "TTIN",
    "TTOU",
    "URG",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "WINCH",
    "IO",
    "PWR",
    "SYS",
]
#: ours to handle (faults, children, pipes, the terminal's own business), or not to be caught at all
KEPT = frozenset(
    ("ILL", "TRAP", "BUS", "FPE", "KILL", "SEGV", "PIPE", "CHLD", "STOP", "TTIN", "TTOU", "URG", "WINCH", "SYS")
)
_REALTIME = (34, 64)
#: so many requests to end are one for this process, whatever the container does
PATIENCE = 3


def is_default(number: int) -> bool:
    """Whether nobody has a handler of their own for the signal."""
    return getsignal(number) in (SIG_DFL, default_int_handler)


def forward_signals(console: "Console", container: str) -> None:
    """From now on, pass signals on to `container`; who insists on the end of this process gets it."""
    engine = console.another_engine()
    asked = 0

    def pass_on(number: int, frame: object) -> None:
        from pydock.client import containers

        nonlocal asked
        asked += NAMES[number : number + 1] in (["INT"], ["TERM"])
        if asked == PATIENCE:
            raise Exit(f"\ngot {PATIENCE} SIGTERM/SIGINTs, forcefully exiting")
        name = NAMES[number] if number < len(NAMES) else _realtime(number)
        try:
            containers.kill(engine, container, name)
        except PydockError as error:
            console.debug(f"Error sending signal: {error.message}")

    for number in range(1, 65):
        if number < len(NAMES) and NAMES[number] in KEPT:
            continue
        if len(NAMES) <= number < _REALTIME[0]:
            continue
        signal(number, pass_on)


def _realtime(number: int) -> str:
    low, high = _REALTIME
    if number == low:
        return "RTMIN"
    if number == high:
        return "RTMAX"
    return f"RTMIN+{number - low}" if number <= 49 else f"RTMAX-{high - number}"
