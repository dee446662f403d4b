"""The kinds of error that pydock knows.  Everything that a user may see is one of these.

    PydockError
    ├── InvalidParameter   the request is wrong                       400
    ├── Unauthorized       credentials are missing or refused         401
    ├── Forbidden          known, but not allowed                     403
    ├── NotFound           no such container, image, network ...      404
    ├── Conflict           the object's state forbids it              409
    ├── NotModified        it is so already                           304
    ├── Unsupported        this engine or this kernel lacks it        501
    ├── Unavailable        something outside does not answer          503
    └── System             the engine failed                          500
        └── StepFailed     a named step failed with an errno on a path

``daemon/http/status.py`` is the one place that maps a kind to a status code.
"""

import os


class PydockError(Exception):
    """An error whose text may be shown to the user as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidParameter(PydockError):
    """The request is malformed or asks for something that cannot be."""


class Unauthorized(PydockError):
    """Credentials are missing, or a registry refused them."""


class Forbidden(PydockError):
    """The request is understood and refused."""


class NotFound(PydockError):
    """No such object."""


class Conflict(PydockError):
    """The object's present state forbids the request."""


class NotModified(PydockError):
    """The object is already as the request wants it."""


class Unsupported(PydockError):
    """This engine, or the kernel under it, does not have the feature."""


class Unavailable(PydockError):
    """Something outside the engine does not answer."""


class System(PydockError):
    """The engine failed to do what it should be able to do."""


class StepFailed(System):
    """One named step of a set-up failed; carries what a reader needs to find out why.

    ``step`` is the step's own description (``mount proc on /proc``), ``errno`` the kernel's reason
    (0 where there is none), ``path`` what it was done to ("" where there is none).
    """

    def __init__(self, step: str, errno: int = 0, path: str = "", detail: str = "") -> None:
        self.step = step
        self.errno = errno
        self.path = path
        self.detail = detail
        reason = detail or (os.strerror(errno).lower() if errno else "failed")
        super().__init__(f"{step}: {path}: {reason}" if path else f"{step}: {reason}")


def words_of(error: OSError) -> str:
    """What the kernel said, as Docker has it: the path where one is known, and the reason in small letters."""
    reason = (error.strerror or str(error) or "input/output error").lower()
    return f"{os.fsdecode(error.filename)}: {reason}" if isinstance(error.filename, (str, bytes)) else reason


#: every kind by its name: how an error crosses from one process to another
KINDS: dict[str, type[PydockError]] = {
    kind.__name__: kind
    for kind in (
        InvalidParameter, Unauthorized, Forbidden, NotFound, Conflict, NotModified, Unsupported, Unavailable, System,
    )
}  # fmt: skip
