"""The kinds of error: one status each, and a text that a user can read."""

import errno

from pydock.daemon.http.status import status_of
from pydock.errors import KINDS, StepFailed


def test_every_kind_has_its_status() -> None:
    assert {name: status_of(kind("x")) for name, kind in KINDS.items()} == {
        "InvalidParameter": 400,
        "Unauthorized": 401,
        "Forbidden": 403,
        "NotFound": 404,
        "Conflict": 409,
        "NotModified": 304,
        "Unsupported": 501,
        "Unavailable": 503,
        "System": 500,
    }


def test_a_failed_step_tells_what_failed_on_what_and_why() -> None:
    assert str(StepFailed("mount proc", errno.EPERM, "/proc")) == "mount proc: /proc: operation not permitted"
    assert str(StepFailed("mount proc")) == "mount proc: failed"
    assert str(StepFailed("exec", errno.ENOENT, "x", "not in $PATH")) == "exec: x: not in $PATH"
