"""A sibling that goes on in the caller's place."""

import os

import pytest

from pydock.linux import namespaces, rebirth


@pytest.fixture(params=["shared memory", "copied memory"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways; machines that the code is not written for have the second."""
    if request.param == "copied memory":
        monkeypatch.setattr(rebirth, "_loaded", None)
    elif rebirth._loaded is None:
        pytest.skip("no code for this machine")


def test_a_sibling_goes_on_and_the_caller_ends_without_a_word() -> None:
    ours, theirs = os.pipe()
    pid, pidfd = namespaces.fork_into(0)
    if pid == 0:
        os.close(ours)
        before = os.getpid()
        text = "kept"
        rebirth.be_reborn()
        # what is on the stack and on the heap must be the sibling's alone
        words = " ".join(sorted({f"{number}" for number in range(200)})[:2])
        os.write(theirs, f"{before} {os.getpid()} {os.getppid()} {text} {words}".encode())
        os._exit(7)
    os.close(theirs)
    said = os.read(ours, 100).decode().split()
    assert said[0] == str(pid)
    assert said[1] != said[0]
    assert said[2:] == [str(os.getpid()), "kept", "0", "1"]
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert os.waitstatus_to_exitcode(os.waitpid(int(said[1]), 0)[1]) == 7
    os.close(ours)
    os.close(pidfd)


def test_a_caller_that_cannot_goes_on() -> None:
    ours, theirs = os.pipe()
    pid, pidfd = namespaces.fork_into(0)
    if pid == 0:
        try:
            rebirth.be_reborn(theirs)  # no control group
        except OSError as error:
            os.write(theirs, f"{os.getpid()} {error.errno}".encode())
        os._exit(0)
    os.close(theirs)
    assert os.read(ours, 100).decode().split()[0] == str(pid)
    os.waitpid(pid, 0)
    os.close(ours)
    os.close(pidfd)
