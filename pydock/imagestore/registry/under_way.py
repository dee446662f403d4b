"""What pulls are bringing at this moment: another pull that wants the same from the same registry waits for it.

A registry that is slow, or evil, makes only those wait who asked it.

One for all pulls of a store; used by `pull`.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator

from pydock.imagestore.registry.cancellation import Cancellation


class UnderWay:
    """The layers that some pull has begun to download, by registry and chain ID."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._layers: set[tuple[str, str]] = set()

    @contextlib.contextmanager
    def claim(
        self, registry: str, missing: Callable[[], Collection[str]], cancellation: Cancellation
    ) -> Iterator[None]:
        """Have the block bring the chains that `missing` says, once nobody else brings any from the same `registry`.

        `missing` is asked again after a wait.  All is claimed at once, so that no two pulls wait for each other.
        Raises Cancelled.
        """
        with cancellation.closing(self._wake), self._changed:
            while not self._layers.isdisjoint(wanted := {(registry, chain) for chain in missing()}):
                cancellation.check()
                self._changed.wait()
            cancellation.check()
            self._layers |= wanted
        try:
            yield
        finally:
            with self._changed:
                self._layers -= wanted
            self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
