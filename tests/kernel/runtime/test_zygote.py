"""The zygote on a real kernel: what its children are like, and who dies when."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pydock.errors import NotFound, StepFailed, System
from pydock.runtime.zygote_process import Zygote

HERE = Path(__file__).parent


@pytest.fixture
def zygote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Zygote]:
    monkeypatch.syspath_prepend(str(HERE))
    zygote = Zygote.spawn(tmp_path, ["job_entries"])
    yield zygote
    zygote.close()
    assert (tmp_path / "runtime.log").read_text() == ""


def ends(pid: int, within: float = 10) -> bool:
    """Whether process `pid` ends in time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(within * 1000))
    finally:
        os.close(pidfd)


def test_a_job_returns_its_value(zygote: Zygote) -> None:
    assert zygote.jobs.run("job_entries:echo", {"a": [1, "é\udcff"]}).value == {"a": [1, "é\udcff"]}


@pytest.mark.parametrize("damage", [os.mkfifo, os.mkdir, lambda path: os.symlink("../elsewhere", path)])
def test_what_is_in_the_place_of_its_log_makes_room(damage: Callable[[Path], None], tmp_path: Path) -> None:
    """A FIFO held the daemon's start up for ever, a directory ended it."""
    root = tmp_path / "root"
    root.mkdir()
    damage(root / "runtime.log")
    Zygote.spawn(root, []).close()
    assert (root / "runtime.log").read_text() == ""
    assert not (root / "runtime.log").is_symlink()


def test_a_long_argument_and_a_long_value_fit(zygote: Zygote) -> None:
    assert zygote.jobs.run("job_entries:echo", {"a": "x" * 1_000_000}).value == {"a": "x" * 1_000_000}


def test_a_job_inherits_nothing_and_has_default_signals(zygote: Zygote) -> None:
    itself = zygote.jobs.run("job_entries:itself", {}).value
    assert itself["descriptors"][:3] == [0, 1, 2]
    assert len(itself["descriptors"]) == 6  # replies, the leash, and the listing itself
    assert itself["name"] == "pydock-itself"
    assert itself["ignored"] == ["SigIgn:\t0000000000001000\n"]  # SIGPIPE only


def test_jobs_report_progress_take_and_give_descriptors(zygote: Zygote) -> None:
    reading, writing = os.pipe()
    with zygote.jobs.start("job_entries:count", {"until": 3}, [writing]) as job:
        os.close(writing)
        assert [job.receive() for _ in range(3)] == [0, 1, 2]
        result = job.receive()
    assert result.value == "done"
    assert os.pread(result.fds[0], 100, 0) == b"a result"
    assert os.read(reading, 100) == b"counted"
    assert os.read(reading, 100) == b""
    for fd in [reading, *result.fds]:
        os.close(fd)


def test_errors_are_raised_again_at_the_caller(zygote: Zygote) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        zygote.jobs.run("job_entries:fail", {"how": "errno"})
    assert missing.value.filename == "/nonexistent/file"
    with pytest.raises(NotFound, match=r"^no such thing$"):
        zygote.jobs.run("job_entries:fail", {"how": "kind"})
    with pytest.raises(StepFailed) as step:
        zygote.jobs.run("job_entries:fail", {"how": "step"})
    assert (step.value.step, step.value.errno, step.value.path) == ("mount proc", 1, "/proc")
    with pytest.raises(System, match="SystemExit"):
        zygote.jobs.run("job_entries:fail", {"how": "exit"})
    with pytest.raises(System, match="died before it had a result"):
        zygote.jobs.run("job_entries:fail", {"how": "crash"})
    with pytest.raises(System, match="no_such_module"):
        zygote.jobs.run("no_such_module:x", {})


def test_a_job_that_takes_too_long_is_killed(zygote: Zygote) -> None:
    with zygote.jobs.start("job_entries:sleep", {}) as job:
        pid = job.receive()
        with pytest.raises(TimeoutError):
            job.receive(timeout=0.05)
    assert ends(pid)
    with pytest.raises(TimeoutError):
        zygote.jobs.run("job_entries:sleep", {}, timeout=0.1)


def test_two_jobs_do_not_share_their_random_numbers(zygote: Zygote) -> None:
    numbers = [zygote.jobs.run("job_entries:random_number", {}).value for _ in range(2)]
    assert numbers[0] != numbers[1]


def test_ended_jobs_are_reaped(zygote: Zygote) -> None:
    pids = [zygote.jobs.run("job_entries:itself", {}).value["pid"] for _ in range(5)]
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_the_program_cannot_be_written_to(zygote: Zygote) -> None:
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
        with pytest.raises(OSError):
            os.open(f"/proc/{zygote.pid}/exe", flags)
    program = os.open(f"/proc/{zygote.pid}/exe", os.O_RDONLY)
    os.kill(zygote.pid, signal.SIGKILL)  # a program that nobody runs is not protected by ETXTBSY any more
    assert ends(zygote.pid)
    try:
        with pytest.raises(PermissionError):
            os.pwrite(os.open(f"/proc/self/fd/{program}", os.O_RDWR), b"#!", 0)
    finally:
        os.close(program)


def test_no_child_tells_the_arguments_of_the_engine(zygote: Zygote) -> None:
    """An exec is one of them until it has a program of its own, and anybody in the container sees its arguments."""
    assert zygote.jobs.run("job_entries:itself", {}).value["told"] == ["pydock-runtime", ""]


def test_the_zygote_is_not_dumpable(zygote: Zygote) -> None:
    """Its /proc files belong to root even where it has another user, and none but CAP_SYS_PTRACE looks in."""
    script = f"import os; os.setresuid(65534, 65534, 65534); os.readlink('/proc/{zygote.pid}/cwd')"
    denied = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "PermissionError" in denied.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_no_signal_of_a_service_manager_ends_it(zygote: Zygote, number: int) -> None:
    os.kill(zygote.pid, number)
    assert zygote.jobs.run("job_entries:echo", {"still": "here"}).value == {"still": "here"}


def test_another_zygote_takes_over_where_one_died(zygote: Zygote) -> None:
    first = zygote.pid
    os.kill(first, signal.SIGKILL)
    assert ends(first)
    assert zygote.jobs.run("job_entries:echo", {"a": 1}).value == {"a": 1}
    assert zygote.pid != first


def test_the_zygote_and_its_jobs_end_with_the_daemon(tmp_path: Path) -> None:
    script = """if True:
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from pydock.runtime.zygote_process import Zygote
        zygote = Zygote.spawn(Path(sys.argv[1]), ["job_entries"])
        job = zygote.jobs.start("job_entries:sleep", {})
        print(zygote.pid, job.receive(), flush=True)
        time.sleep(1000)
    """
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(HERE)], stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        pids = [int(word) for word in daemon.stdout.readline().split()]
        daemon.kill()
    assert len(pids) == 2
    assert all(ends(pid) for pid in pids)
