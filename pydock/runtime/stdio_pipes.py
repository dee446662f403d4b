"""The pipes between a new process and its shim.  `shim` and `execs` make them just before a launch."""

import contextlib
import os
from dataclasses import dataclass, field

from pydock.runtime.launch import Stdio


@dataclass(slots=True)
class Pipes:
    """Both ends: ``theirs`` become the process's 0 to 2 (-1: /dev/null), the others are the shim's (-1: none)."""

    theirs: Stdio = field(default_factory=Stdio)
    stdin: int = -1
    stdout: int = -1
    stderr: int = -1

    @staticmethod
    def make(*, stdin: bool, stdout: bool, stderr: bool) -> "Pipes":
        """A pipe for each stream that is wanted."""
        pipes = Pipes()
        ends = {"stdin": -1, "stdout": -1, "stderr": -1}
        for name, wanted in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            if wanted:
                reading, writing = os.pipe2(os.O_CLOEXEC)
                ends[name] = reading if name == "stdin" else writing
                setattr(pipes, name, writing if name == "stdin" else reading)
        pipes.theirs = Stdio(**ends)
        return pipes

    def close_theirs(self) -> None:
        """The process has its own copies: without this the shim would never see their end."""
        for end in (self.theirs.stdin, self.theirs.stdout, self.theirs.stderr):
            if end >= 0:
                os.close(end)
        self.theirs = Stdio()

    def close(self) -> None:
        """The launch failed: close what is open of both ends."""
        self.close_theirs()
        for end in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                if end >= 0:
                    os.close(end)
