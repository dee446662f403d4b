"""What the runtime says of a failed start or exec, in the words, kinds and exit codes that Docker has for it.  Pure."""

import errno
import os

from pydock.errors import InvalidParameter, PydockError, StepFailed, System, words_of

CREATE_FAILED = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
)
_INIT_FAILED = f"{CREATE_FAILED}unable to start container process: error during container init: "
_EXEC_FAILED = "OCI runtime exec failed: exec failed: unable to start container process: "
_MISMATCH = (
    ": Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)
_NOT_FOUND, _NOT_ALLOWED = 127, 126
#: where nothing says more; an exit code that is there stays
UNKNOWN = 128
_ENTER = "enter the working directory "


def of_start(error: Exception) -> tuple[PydockError, int]:
    """Why a container did not start: the error to tell, and the exit code to record."""
    if not isinstance(error, StepFailed):
        if isinstance(error, PydockError):
            return error, UNKNOWN
        reason = words_of(error) if isinstance(error, OSError) else str(error)
        return System(f"failed to start container: {reason}"), UNKNOWN
    if error.step == "initialize logging driver":
        return System(f"failed to create task for container: failed to {error.message}"), UNKNOWN
    if error.step == "look up the user":
        return System(error.detail or error.message), UNKNOWN
    return _judge(error, _INIT_FAILED, UNKNOWN)


def of_exec(error: StepFailed) -> tuple[PydockError, int]:
    """Why an exec did not start, likewise."""
    if error.step.startswith(_ENTER) and not error.step.startswith(f"{_ENTER}/"):
        return System("OCI runtime exec failed: exec failed: Cwd must be an absolute path"), UNKNOWN
    return _judge(error, _EXEC_FAILED, _NOT_ALLOWED)


def _judge(error: StepFailed, prefix: str, other: int) -> tuple[PydockError, int]:
    text = prefix + _reason(error)
    match error.errno:
        case errno.EACCES | errno.EISDIR:
            return InvalidParameter(text), _NOT_ALLOWED
        case errno.ENOTDIR:
            return InvalidParameter(text + _MISMATCH), _NOT_FOUND
        case errno.ENOENT:
            return InvalidParameter(text), _NOT_FOUND
        case _:
            return System(text), other


def _reason(error: StepFailed) -> str:
    if error.step == "exec" and error.detail:
        return error.detail + (": permission denied" if error.errno == errno.EISDIR else "")
    if error.step.startswith(_ENTER) and error.errno:
        directory = error.step.removeprefix(_ENTER)
        return f'chdir to cwd ("{directory}") set in config.json failed: {os.strerror(error.errno).lower()}'
    return error.message
