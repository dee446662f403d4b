"""What pulls are bringing at this moment: another pull that wants the same layers waits, and finds them here.

One for all pulls of a store; used by `pull`.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator

from pydock.imagestore.registry.cancellation import Cancellation


class UnderWay:
    """The chain IDs of layers that some pull has begun to download."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._chains: set[str] = set()

    @contextlib.contextmanager
    def claim(self, missing: Callable[[], Collection[str]], cancellation: Cancellation) -> Iterator[None]:
        """Have the block bring what `missing` says, once nobody else brings any of it; asked again after a wait.

        All is claimed at once, so that no two pulls wait for each other.  Raises Cancelled.
        """
        with cancellation.closing(self._wake), self._changed:
            while not self._chains.isdisjoint(wanted := set(missing())):
                cancellation.check()
                self._changed.wait()
            cancellation.check()
            self._chains |= wanted
        try:
            yield
        finally:
            with self._changed:
                self._chains -= wanted
            self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
