"""Who waits for the end or the removal of containers.  `lifecycle.wait` registers, exits and removals tell."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """What ``POST /containers/{id}/wait`` may wait for."""

    NOT_RUNNING = "not-running"
    NEXT_EXIT = "next-exit"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a container ended; ``error`` is what went wrong with its start, "" for nothing."""

    exit_code: int
    error: str = ""


class Waiters:
    """The futures of those who wait, by container ID."""

    def __init__(self) -> None:
        self._exit: dict[str, set[asyncio.Future[Outcome]]] = {}
        self._removal: dict[str, set[asyncio.Future[Outcome]]] = {}

    def for_exit(self, container_id: str) -> "asyncio.Future[Outcome]":
        """The next end of a container's life; its removal counts as one."""
        return _enter(self._exit, container_id)

    def for_removal(self, container_id: str) -> "asyncio.Future[Outcome]":
        """The removal of a container."""
        return _enter(self._removal, container_id)

    def tell_exit(self, container_id: str, outcome: Outcome) -> None:
        """A life has ended."""
        _tell(self._exit, container_id, outcome)

    def tell_removal(self, container_id: str, outcome: Outcome) -> None:
        """A container is gone."""
        _tell(self._exit, container_id, outcome)
        _tell(self._removal, container_id, outcome)


_Table = dict[str, "set[asyncio.Future[Outcome]]"]


def _enter(table: _Table, container_id: str) -> "asyncio.Future[Outcome]":
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    table.setdefault(container_id, set()).add(future)

    def leave(_: "asyncio.Future[Outcome]") -> None:
        """Also where the client went away and the wait was cancelled."""
        if waiting := table.get(container_id):
            waiting.discard(future)
            if not waiting:
                del table[container_id]

    future.add_done_callback(leave)
    return future


def _tell(table: _Table, container_id: str, outcome: Outcome) -> None:
    for future in table.pop(container_id, set()):
        if not future.done():
            future.set_result(outcome)
