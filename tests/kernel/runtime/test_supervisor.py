"""PID 1 under --init, both as the one-page program and as the Python that stays where that cannot run."""

import errno
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from pydock.errors import StepFailed
from pydock.runtime import launch, supervisor
from pydock.runtime.supervisor import build
from tests.kernel.runtime.box import Box, read_all, reap


@pytest.fixture(params=["program", "python"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    kind: str = request.param
    if kind == "python":
        monkeypatch.setattr(supervisor, "program", lambda: b"")
    elif not supervisor.program():
        pytest.skip("no program for this machine")
    return kind


def test_the_programs_status_is_passed_on(box: Box) -> None:
    assert box.run(["sh", "-c", "exit 7"], launch_options={"init": True}).status == 7
    assert box.run(["sh", "-c", "kill -9 $$"], launch_options={"init": True}).status == 137


def test_signals_are_forwarded(box: Box) -> None:
    output = os.memfd_create("output")
    spec = box.spec(["sh", "-c", "trap 'echo got; exit 3' TERM; echo $$; while :; do sleep 0.05; done"])
    started = box.start(spec, init=True, stdio=launch.Stdio(-1, output, output))
    while not read_all(output):
        os.sched_yield()
    signal.pidfd_send_signal(started.pidfd, signal.SIGTERM)
    assert reap(started) == 3
    assert read_all(output).split() == ["2", "got"]
    os.close(output)


def test_orphans_are_reaped(box: Box) -> None:
    script = "(sh -c 'sleep 0.01 & exit'); sleep 0.2; ls -d /proc/[0-9]*"
    result = box.run(["sh", "-c", script + "; :"], launch_options={"init": True})
    # a zombie would stand there too; ls itself may be the shell
    assert set(result.output.split()) <= {"/proc/1", "/proc/2", "/proc/5", "/proc/6"}
    assert len(result.output.split()) <= 3


def test_it_holds_no_descriptor_of_the_engine(box: Box) -> None:
    result = box.run(["sh", "-c", "ls /proc/1/fd /proc/$$/fd; :"], launch_options={"init": True})
    numbers = {word for word in result.output.split() if word.isdigit()}
    assert numbers == {"0", "1", "2"}


def test_the_program_gets_its_arguments_and_environment_and_a_terminal(box: Box, kind: str) -> None:
    spec = box.spec(
        ["sh", "-c", "echo $0 $1 $PYDOCK_EXEC; tty; cat /proc/1/cmdline; echo; sleep 0.01; echo done", "a", "b c"],
        terminal=True,
    )
    started = box.start(spec, init=True)
    output = b""
    while b"done" not in output:
        output += os.read(started.terminal, 4096)
    reap(started)
    os.close(started.terminal)
    lines = output.decode().splitlines()
    assert lines[:2] == ["a b c", "/dev/pts/0"]
    assert kind == "python" or lines[2].startswith("/sbin/docker-init\0--\0sh\0-c\0")


def test_a_failing_exec_is_told_typed(box: Box) -> None:
    box.write("bin/broken", "\x7fELF nonsense").chmod(0o755)
    for program, number in (("nope", errno.ENOENT), ("broken", errno.ENOEXEC)):
        with pytest.raises(StepFailed) as caught:
            box.run([program], launch_options={"init": True})
        assert (caught.value.step, caught.value.errno, caught.value.path) == ("exec", number, program)


def test_its_executable_cannot_be_written_from_inside(box: Box, kind: str) -> None:
    if kind == "python":
        pytest.skip("the zygote's own tests see to the interpreter")
    script = "cat /proc/1/exe >/tmp/copy && echo read; echo x >>/proc/1/exe; echo x > /proc/1/exe"
    result = box.run(["sh", "-c", script], launch_options={"init": True})
    assert "read" in result.output
    assert result.output.count("/proc/1/exe: ") == 2


def test_it_takes_next_to_no_memory(box: Box, kind: str) -> None:
    if kind == "python":
        pytest.skip("a Python takes megabytes")
    started = box.start(box.spec(["sleep", "1000"]), init=True)
    usage = Path(f"/proc/{started.pid}/smaps_rollup").read_text()
    signal.pidfd_send_signal(started.pidfd, signal.SIGKILL)
    reap(started)
    assert int(usage.split("\nPss:")[1].split()[0]) <= 64


def test_the_programs_are_what_the_source_compiles_to(tmp_path: Path, kind: str) -> None:
    compiler = build.COMPILERS[os.uname().machine]
    if kind == "python" or not shutil.which(compiler):
        pytest.skip("needs a compiler")
    build.build(os.uname().machine, tmp_path / "built")
    mine = subprocess.run(["objdump", "-h", tmp_path / "built"], capture_output=True, text=True, check=True).stdout
    assert ".data" not in mine
    assert abs((tmp_path / "built").stat().st_size - len(supervisor.program())) < 1024
