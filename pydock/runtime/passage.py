"""A pipe of the shim's own that the output of a busy process moves through on its way to its only client.

splice(2) moves pages, so bulk output is copied neither into this process nor out of it.  What is in this pipe nobody
else can take, as a process can take back its own output: a frame's length is told before its bytes are sent.
"""

import contextlib
import fcntl
import os

_FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


class Passage:
    """Each `fill` is emptied by `send` and `take`, or by `close`, before the next."""

    __slots__ = ("_capacity", "_reading", "_writing", "held")

    def __init__(self, capacity: int) -> None:
        """``capacity``: how much a `fill` moves at most, in bytes."""
        self._capacity = capacity
        self._reading = self._writing = -1
        #: how many bytes are in it
        self.held = 0

    def open(self) -> bool:
        """Make it where it is not there; False where there is no descriptor left for it."""
        if self._reading < 0:
            try:
                self._reading, self._writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            except OSError:
                return False
            with contextlib.suppress(OSError):  # EPERM beyond the user's limit: it works with a smaller pipe
                fcntl.fcntl(self._writing, fcntl.F_SETPIPE_SZ, self._capacity)
        return True

    def fill(self, output: int) -> int:
        """Move in what a pipe holds and return how much that is; 0 at its end.  BlockingIOError: nothing for now.

        Only where it is open.
        """
        self.held = os.splice(output, self._writing, self._capacity, flags=_FLAGS)
        return self.held

    def send(self, connection: int) -> None:
        """Send all that is held.  BlockingIOError: the connection takes no more for now; OSError: it is lost."""
        while self.held:
            self.held -= os.splice(self._reading, connection, self.held, flags=_FLAGS)

    def take(self) -> list[bytes]:
        """Take out what was not sent."""
        pieces = []
        while self.held:  # a pipe in packet mode (O_DIRECT) gives one packet at a time
            pieces.append(os.read(self._reading, self.held))
            self.held -= len(pieces[-1])
        return pieces

    def close(self) -> None:
        """Close both ends, with what is held."""
        for descriptor in (self._reading, self._writing):
            if descriptor >= 0:
                os.close(descriptor)
        self._reading = self._writing = -1
        self.held = 0
