"""Whether and when a container that ended is started again.  Pure: `exits` and `recovery` ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydock.daemon.containers.record import Container

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

    def after_exit(self, exit_code: int, restart_count: int, stopped_by_user: bool) -> bool:
        """Whether a container that ended by itself, or was killed from outside, starts again."""
        if stopped_by_user:
            return False
        if self.name == "on-failure":
            return exit_code != 0 and (self.retries == 0 or restart_count < self.retries)
        return self.name in ("always", "unless-stopped")

    def at_daemon_start(self, exit_code: int, restart_count: int, stopped_by_user: bool) -> bool:
        """Whether a container that does not run starts with the daemon; `always` forgets that a user stopped it."""
        if self.name == "always":
            return True
        return self.after_exit(exit_code, restart_count, stopped_by_user)


def next_delay(last: float, lived: float) -> float:
    """Seconds to wait before a restart, after one that waited `last` (0 for none) and a life of `lived` seconds."""
    if lived >= LONG_LIFE or not last:
        return FIRST_DELAY
    return min(last * 2, LONGEST_DELAY)
