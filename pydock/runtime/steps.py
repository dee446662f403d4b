"""A set-up is a list of steps, each a small frozen object; `run` executes them and names the one that failed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pydock.errors import PydockError, StepFailed


@dataclass(slots=True)
class Context:
    """What the steps of one set-up hand on to each other.

    ``root``: descriptor of the new root (O_PATH), until the pivot; afterwards of "/".  ``blank``: a mount that covers
    masked directories.  ``shared``: sources of shared binds by destination.  The rest: who the process will be.
    """

    send_terminal: Callable[[int], None]
    await_cgroup: Callable[[], None]
    root: int = -1
    blank: int = -1
    shared: dict[str, int] = field(default_factory=dict)
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = ""
    #: whether `uid` was looked up, so that capabilities follow from it
    looked_up: bool = False
    warnings: list[str] = field(default_factory=list)


class Step(Protocol):
    """One thing that is done to the process or its root."""

    def describe(self) -> str:
        """What the step does, in the words of an error message."""
        ...

    def execute(self, context: Context) -> None:
        """Do it; OSError, ValueError or a PydockError where it fails."""
        ...


def run(steps: Iterable[Step], context: Context) -> None:
    """Execute `steps` in order; whatever goes wrong becomes StepFailed, which needs no import to be made."""
    for step in steps:
        try:
            step.execute(context)
        except StepFailed:
            raise
        except OSError as error:
            raise StepFailed(step.describe(), error.errno or 0, _text(error.filename)) from error
        except PydockError as error:
            raise StepFailed(step.describe(), 0, "", error.message) from error
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise StepFailed(step.describe(), 0, "", f"{type(error).__name__}: {error}") from error


def _text(name: object) -> str:
    return name if isinstance(name, str) else ""
