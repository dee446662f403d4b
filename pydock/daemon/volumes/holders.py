"""Which containers refer to which volumes, and which have them mounted.

Kept by the volumes service, in memory.
"""

from collections.abc import Collection


class Holders:
    """Two relations between containers and volumes: referring, and (while a container runs) having acquired."""

    def __init__(self) -> None:
        self._referring: dict[str, dict[str, None]] = {}
        self._referred: dict[str, set[str]] = {}
        self._acquiring: dict[str, set[str]] = {}
        self._acquired: dict[str, list[str]] = {}

    def refer(self, name: str, container_id: str) -> None:
        """The container refers to the volume."""
        self._referring.setdefault(name, {})[container_id] = None
        self._referred.setdefault(container_id, set()).add(name)

    def unrefer(self, container_id: str, but: Collection[str] = ()) -> None:
        """The container is gone, or refers to nothing `but` these."""
        referred = self._referred.pop(container_id, set())
        if kept := referred.intersection(but):
            self._referred[container_id] = kept
        for name in referred - kept:
            self._referring[name].pop(container_id, None)
            if not self._referring[name]:
                del self._referring[name]

    def acquire(self, name: str, container_id: str) -> None:
        """The container has the volume mounted, once more where it has it in several places."""
        self._acquiring.setdefault(name, set()).add(container_id)
        self._acquired.setdefault(container_id, []).append(name)

    def release(self, container_id: str) -> list[str]:
        """The container has stopped; returns what it had, a volume as many times as it was mounted."""
        names = self._acquired.pop(container_id, [])
        for name in set(names):
            self._acquiring[name].discard(container_id)
            if not self._acquiring[name]:
                del self._acquiring[name]
        return names

    def of(self, name: str) -> list[str]:
        """The containers that refer to a volume."""
        return list(self._referring.get(name, ()))

    def references(self, name: str) -> int:
        """How many containers refer to a volume."""
        return len(self._referring.get(name, ()))

    def is_referred(self, name: str) -> bool:
        """Whether any container refers to a volume."""
        return name in self._referring

    def acquiring(self) -> list[str]:
        """The containers that have acquired anything."""
        return list(self._acquired)

    def is_acquired(self, name: str) -> bool:
        """Whether any container has a volume mounted."""
        return name in self._acquiring
