"""Run a function in a forked child of the zygote: the daemon's way to work inside a root or another namespace.

The caller's side.  A job lives on a leash: it holds the reading end of a pipe whose writing end the caller has, and
the kernel kills it when that end closes, be it that the caller has what it wants, gave up, or died.
"""

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from pydock.errors import KINDS, StepFailed, System, Unavailable
from pydock.linux import datagram

#: sends one datagram with descriptors to the zygote
Send = Callable[[bytes, Sequence[int]], None]
REQUEST = "RunJob"


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job's function returned; the caller owns the descriptors."""

    value: Any
    fds: list[int] = field(default_factory=list)


class RunningJob:
    """A job under way; leaving its context kills it where it has not ended."""

    def __init__(self, entry: str, replies: socket.socket, leash: int) -> None:
        self._entry = entry
        self._replies = replies
        self._leash = leash

    def fileno(self) -> int:
        """The descriptor that becomes readable when `receive` has something."""
        return self._replies.fileno()

    def receive(self, timeout: float | None = None) -> Any:
        """Wait for the next thing the job says: a progress value, or at the end its JobResult or its error, raised.

        TimeoutError after `timeout` seconds without a word; the job goes on.
        """
        if timeout is not None and not _readable(self._replies.fileno(), timeout):
            raise TimeoutError(f"{self._entry} did not answer in time")
        try:
            text, fds = datagram.receive(self._replies)
        except ConnectionResetError:
            text, fds = b"", []
        if not text:
            raise System(f"{self._entry} died before it had a result")
        kind, value = json.loads(text)
        if kind == "progress":
            return value
        self.kill()
        if kind == "error":
            raise revived(value)
        return JobResult(value, fds)

    def kill(self) -> None:
        """End the job now; fine where it has ended."""
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
            self._replies.close()

    def __enter__(self) -> "RunningJob":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Jobs:
    """Starts jobs through `send`, which takes a datagram and its descriptors to the zygote; may be used by threads."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def start(self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = ()) -> RunningJob:
        """Run ``module:function`` with `arguments` (as JSON) and copies of `fds` in a process of its own."""
        request = json.dumps([REQUEST, {"entry": entry, "arguments": dict(arguments)}], separators=(",", ":"))
        ours, theirs = datagram.pair()
        leash_end, leash = os.pipe2(os.O_CLOEXEC)
        with contextlib.closing(theirs):
            try:
                self._send(request.encode(), [theirs.fileno(), leash_end, *fds])
            except OSError as error:
                ours.close()
                os.close(leash)
                raise Unavailable(f"{entry}: the engine's zygote does not answer: {error.strerror}") from error
            finally:
                os.close(leash_end)
        return RunningJob(entry, ours, leash)

    def run(
        self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = (), timeout: float | None = None
    ) -> JobResult:
        """Run a job to its end, passing over what it reports; kill it, and raise TimeoutError, after `timeout`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.start(entry, arguments, fds) as job:
            while True:
                said = job.receive(None if deadline is None else deadline - time.monotonic())
                if isinstance(said, JobResult):
                    return said


def _readable(descriptor: int, timeout: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(timeout, 0) * 1000))


def revived(error: dict[str, Any]) -> Exception:
    """The exception that a job's process described with `described`."""
    match error["kind"]:
        case "StepFailed":
            return StepFailed(error["step"], error["errno"], error["path"], error["detail"])
        case "OSError":
            return OSError(*error["arguments"])
        case kind:
            return KINDS.get(kind, System)(error["message"])


def described(error: BaseException) -> dict[str, Any]:
    """An exception as JSON values: the engine's kinds and OSError as they are, others as System."""
    if isinstance(error, StepFailed):
        return {
            "kind": "StepFailed",
            "step": error.step,
            "errno": error.errno,
            "path": error.path,
            "detail": error.detail,
        }
    if isinstance(error, OSError) and error.errno is not None:
        name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else error.filename
        return {"kind": "OSError", "arguments": [error.errno, error.strerror, name]}
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in KINDS), "System")
    message = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
    return {"kind": kind, "message": message}
