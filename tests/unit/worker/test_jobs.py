"""How errors travel from a job to its caller."""

import errno

import pytest

from pydock.errors import Conflict, NotFound, PydockError, StepFailed, System, Unavailable
from pydock.worker.jobs import Jobs, described, revived


class _Narrower(Conflict):
    pass


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (NotFound("no such thing"), NotFound, "no such thing"),
        (_Narrower("in use"), Conflict, "in use"),
        (ValueError("odd"), System, "ValueError: odd"),
        (StepFailed("mount proc", 1, "/proc"), StepFailed, "mount proc: /proc: operation not permitted"),
    ],
)
def test_an_error_keeps_its_kind_and_its_text(raised: Exception, kind: type[PydockError], text: str) -> None:
    error = revived(described(raised))
    assert type(error) is kind
    assert str(error) == text


@pytest.mark.parametrize("filename", ["/x", b"/x", None])
def test_an_oserror_keeps_errno_text_and_file_name(filename: str | bytes | None) -> None:
    error = revived(described(OSError(errno.ENOENT, "No such file", filename)))
    assert isinstance(error, FileNotFoundError)
    assert (error.errno, error.strerror, error.filename) == (errno.ENOENT, "No such file", filename and "/x")


def test_a_dead_zygote_is_reported_and_leaks_no_descriptor() -> None:
    def send(text: bytes, fds: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(Unavailable, match="zygote does not answer"):
        Jobs(send).run("a:b", {})
