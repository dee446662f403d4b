"""The pipes between a new process and its shim.  The shim makes them just before a launch; plain, to touch little."""

import contextlib
import os


class Pipes:
    """Both ends: ``theirs`` become the process's 0 to 2 (-1: /dev/null), the others are the shim's (-1: none)."""

    __slots__ = ("stderr", "stdin", "stdout", "theirs")

    def __init__(self, stdin: bool = False, stdout: bool = False, stderr: bool = False) -> None:
        """Make one for each stream that is wanted."""
        self.stdin = self.stdout = self.stderr = -1
        self.theirs = [-1, -1, -1]
        try:
            if stdin:
                self.theirs[0], self.stdin = os.pipe2(os.O_CLOEXEC)
            if stdout:
                self.stdout, self.theirs[1] = os.pipe2(os.O_CLOEXEC)
            if stderr:
                self.stderr, self.theirs[2] = os.pipe2(os.O_CLOEXEC)
        except OSError:
            self.close()
            raise

    def close_theirs(self) -> None:
        """The process has its own copies: without this the shim would never see their end."""
        for place, end in enumerate(self.theirs):
            if end >= 0:
                os.close(end)
                self.theirs[place] = -1

    def close(self) -> None:
        """The launch failed: close what is open of both ends."""
        self.close_theirs()
        for end in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                if end >= 0:
                    os.close(end)
