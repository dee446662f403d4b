"""What the callers of workers need to know of them: the shape of a job runner.

`pydock.worker.jobs.Jobs` has this shape; the image store and `ContainerFiles` ask for no more than it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

#: what a job calls to tell its caller how far it is
Report = Callable[[Any], None]


class Result(Protocol):
    """What a job came back with."""

    @property
    def value(self) -> Any:
        """The value that the job's function returned."""

    @property
    def fds(self) -> list[int]:
        """The descriptors that it returned; the caller owns them."""


class RunningJob(Protocol):
    """A job under way."""

    def receive(self) -> Any:
        """Wait for the next thing the job says: a progress value, or its result (`jobs.JobResult`) at the end."""

    def kill(self) -> None:
        """End the job now."""

    def __enter__(self) -> "RunningJob": ...

    def __exit__(self, *details: Any) -> None: ...


class JobRunner(Protocol):
    """Runs a function of a preloaded module in a forked process."""

    def start(self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = ()) -> RunningJob:
        """Begin to run ``module:function``."""

    def run(
        self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = (), timeout: float | None = None
    ) -> Result:
        """Run ``module:function`` to its end; errors that it raises are raised here."""
