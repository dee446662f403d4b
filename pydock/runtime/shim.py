"""The shim: the process beside each container, from before its start to after its end.

The zygote forks it.  It holds the container's stdio, writes the log, serves attached clients and execs, reaps, and
writes ``exit.json``.  It outlives the daemon and heeds no signal but SIGKILL; it never ends before its container.
"""

from pydock.runtime.messages import StartContainer


def live(message: StartContainer, fds: list[int]) -> None:
    """Start the container that `message` describes and serve it to its end."""
    raise NotImplementedError
