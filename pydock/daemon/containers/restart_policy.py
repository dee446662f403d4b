"""Whether and when a container that ended is started again.  Pure: `exits` and `recovery` ask."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydock.daemon.containers.record import Container, State
from pydock.daemon.containers.signals import stop_signal

#: seconds to wait before the first restart, doubled each time up to the limit
FIRST_DELAY, LONGEST_DELAY = 0.1, 60.0
#: a life that lasted so long, in seconds, makes the delay begin anew
LONG_LIFE = 10.0


@dataclass(frozen=True, slots=True)
class Policy:
    """``HostConfig.RestartPolicy``; ``retries`` 0 is for ever."""

    name: str = "no"
    retries: int = 0

    @classmethod
    def of(cls, record: Container) -> "Policy":
        """The policy of a container."""
        policy: Mapping[str, Any] = record.host_config.get("RestartPolicy") or {}
        return cls(policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0)

    def after_exit(self, state: State, exit_code: int) -> bool:
        """Whether a container whose life, told of by `state`, ended with `exit_code` starts again."""
        if state.last_life:
            return False
        if self.name == "on-failure":
            return exit_code != 0 and (self.retries == 0 or state.restart_count < self.retries)
        return self.name == "always" or (self.name == "unless-stopped" and not state.stopped_by_user)

    def at_daemon_start(self, state: State) -> bool:
        """Whether a container that does not run starts with the daemon; `always` forgets that a user stopped it."""
        return self.name == "always" or (not state.stopped_by_user and self.after_exit(state, state.exit_code))


def ends_for_good(number: int, own: str) -> bool:
    """Whether a user who sends signal `number` means the end of a container whose ``StopSignal`` is `own`.

    As in Docker: where it has none, whatever signal it is.
    """
    return not own or number in (signal.SIGKILL, stop_signal(own))


def next_delay(last: float, lived: float) -> float:
    """Seconds to wait before a restart, after one that waited `last` (0 for none) and a life of `lived` seconds."""
    if lived >= LONG_LIFE or not last:
        return FIRST_DELAY
    return min(last * 2, LONGEST_DELAY)
