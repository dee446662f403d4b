"""The one map from an error's kind to its HTTP status, and the reason phrases of the statuses in use.

Called by the connection for each answer that it writes.
"""

from http import HTTPStatus

from pydock import errors

_STATUS: tuple[tuple[type[errors.PydockError], int], ...] = (
    (errors.InvalidParameter, 400),
    (errors.Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.NotModified, 304),
    (errors.Unsupported, 501),
    (errors.Unavailable, 503),
    (errors.System, 500),
)


def status_of(error: BaseException) -> int:
    """The HTTP status that answers `error`; 500 where its kind is unknown."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def reason(status: int) -> str:
    """The reason phrase of `status`, as Go's net/http writes it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status code {status}"
