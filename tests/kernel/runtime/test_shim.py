"""A container and its shim on a real kernel: start, streams, log, exec, exit, and what outlives the daemon."""

import contextlib
import os
import resource
import select
import signal
import socket
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import tests.kernel.runtime.vessel as tools
from pydock.runtime import bundle, channel
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.messages import (
    AbandonExec,
    AttachStream,
    ClientStream,
    Detached,
    Done,
    ExecExited,
    ExecFailed,
    ExecStarted,
    Failed,
    Log,
    Query,
    Resize,
    Signal,
    StartExec,
    StartFailed,
    State,
)
from pydock.runtime.zygote_process import Zygote
from tests.kernel.runtime.box import python_paths
from tests.kernel.runtime.vessel import (
    OUTPUT,
    Vessel,
    connection,
    eventually,
    read_end,
    read_until,
    unframed,
    vessel,
)

TERMINAL = ClientStream(stdin=True, stdout=True, stderr=True, raw=True, detach_keys="\x10\x11")


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    directory = tmp_path_factory.mktemp("exec-root")
    zygote = Zygote.spawn(directory, [])
    yield zygote
    zygote.close()
    assert (directory / "runtime.log").read_text() == ""


@pytest.fixture
def container(zygote: Zygote, tmp_path: Path) -> Iterator[Vessel]:
    with vessel(zygote, tmp_path) as made:
        yield made


def test_output_is_logged_and_the_exit_status_told_and_kept(container: Vessel) -> None:
    container.shell("echo out; echo err >&2; exit 7")
    exited = container.wait()
    assert (exited.exit_code, exited.oom_killed) == (7, False)
    assert bundle.read_exit(str(container.bundle)) == exited
    assert container.logged() == "out\n"
    assert container.logged("stderr") == "err\n"


def test_a_signal_gives_128_and_more(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    assert isinstance(container.ask(Signal(1, signal.SIGKILL)), Done)
    assert container.wait().exit_code == 137


def test_the_shim_leaves_only_the_exit_status(container: Vessel) -> None:
    started = container.shell("exit 0")
    container.wait()
    tools.eventually(lambda: not tools.alive(started.shim_pid))
    assert sorted(path.name for path in container.bundle.iterdir()) == ["config.json", "exit.json", "shim.pid"]
    assert bundle.shim_pid(str(container.bundle)) == 0


def test_a_client_from_the_start_sees_everything_in_frames(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell("echo out; echo err >&2", streams=[(OUTPUT, theirs)])
    assert unframed(read_end(ours)) == {1: b"out\n", 2: b"err\n"}
    ours.close()


def test_a_client_gets_the_streams_that_it_asked_for(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell("echo out; echo err >&2", streams=[(ClientStream(stderr=True), theirs)])
    assert unframed(read_end(ours)) == {2: b"err\n"}
    ours.close()


def test_input_reaches_the_container_and_its_end_too(container: Vessel) -> None:
    ours, theirs = connection()
    wants = ClientStream(stdin=True, stdout=True, stderr=True, early="early ")
    container.start(["cat"], streams=[(wants, theirs)], open_stdin=True, stdin_once=True)
    ours.sendall(b"late")
    ours.shutdown(socket.SHUT_WR)
    assert unframed(read_end(ours)) == {1: b"early late"}
    assert container.wait().exit_code == 0
    ours.close()


def test_a_large_input_passes_in_both_directions_at_once(container: Vessel) -> None:
    ours, theirs = connection()
    wants = ClientStream(stdin=True, stdout=True)
    container.start(["cat"], streams=[(wants, theirs)], open_stdin=True, stdin_once=True, log=container.log)
    sent = os.urandom(1 << 20)
    received = b""
    pid = os.fork()
    if pid == 0:
        try:
            ours.sendall(sent)
            ours.shutdown(socket.SHUT_WR)
        finally:
            os._exit(0)
    received = read_end(ours)
    os.waitpid(pid, 0)
    assert unframed(received) == {1: sent}
    ours.close()


def test_without_stdin_once_the_end_of_input_ends_the_attachment_only(container: Vessel) -> None:
    container.start(["cat"], open_stdin=True)
    first = container.attach(ClientStream(stdin=True, stdout=True))
    first.shutdown(socket.SHUT_WR)
    assert read_end(first) == b""
    second = container.attach(ClientStream(stdin=True, stdout=True))
    second.sendall(b"still here\n")
    assert read_until(second, b"here\n")
    first.close()
    second.close()


def test_without_open_stdin_there_is_nothing_to_read(container: Vessel) -> None:
    ours, theirs = connection()
    container.start(["cat"], streams=[(ClientStream(stdin=True, stdout=True), theirs)])
    with contextlib.suppress(BrokenPipeError):  # it may have ended already
        ours.sendall(b"unheard")
    assert read_end(ours) == b""
    assert container.wait().exit_code == 0
    ours.close()


def test_a_terminal_is_raw_resizable_and_logged_as_it_is(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell(
        "stty size; read line; stty size; echo got $line; tty",
        streams=[(TERMINAL, theirs)],
        open_stdin=True,
        spec={"terminal": True, "consoleSize": {"height": 11, "width": 22}},
    )
    read_until(ours, b"11 22\r\n")
    assert isinstance(container.ask(Resize(1, 33, 44)), Done)
    ours.sendall(b"it\r")
    text = read_end(ours)
    assert b"33 44\r\ngot it\r\n/dev/pts/0\r\n" in text
    assert container.wait().exit_code == 0
    assert "got it\r\n" in container.logged()
    ours.close()


def test_detach_keys_end_the_attachment_and_the_container_goes_on(container: Vessel) -> None:
    container.shell("read line; echo got $line", open_stdin=True, spec={"terminal": True})
    first = container.attach(TERMINAL)
    first.sendall(b"\x10")
    first.sendall(b"\x11")
    assert isinstance(container.receive(), Detached)
    assert read_end(first) == b""
    second = container.attach(TERMINAL)
    second.sendall(b"back\r")
    assert b"got back\r\n" in read_end(second)
    first.close()
    second.close()


def test_all_attached_clients_see_the_output_and_may_type(container: Vessel) -> None:
    container.start(["cat"], open_stdin=True, stdin_once=True)
    clients = [container.attach(ClientStream(stdin=True, stdout=True)) for _ in range(3)]
    for client in clients:
        client.sendall(b"x\n")
        for other in clients:
            assert unframed(read_until(other, b"x\n")) == {1: b"x\n"}
    clients[0].close()  # whose stdin ends, and so does the container's
    assert [read_end(client) for client in clients[1:]] == [b"", b""]
    for client in clients:
        client.close()
    assert container.wait().exit_code == 0


def test_replay_gives_what_was_written_before_once_and_then_what_comes(container: Vessel) -> None:
    container.shell("echo one; printf tw; read x; echo o; echo three; read x; echo four", open_stdin=True)
    tools.eventually(lambda: container.logged() == "one\n")
    wants = ClientStream(stdin=True, stdout=True, stderr=True, replay=True)
    client = container.attach(wants)
    assert unframed(read_until(client, b"one\n")) == {1: b"one\n"}  # a line without end is in no log yet
    client.sendall(b"\n")
    assert unframed(read_until(client, b"three\n")) == {1: b"o\nthree\n"}
    client.sendall(b"\n")
    assert unframed(read_end(client)) == {1: b"four\n"}
    client.close()


def test_replay_since_a_moment_leaves_out_what_the_client_has(container: Vessel) -> None:
    Path(container.log.path).write_text('{"log":"old\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}\n')
    since = time.time_ns()
    container.shell("echo new; printf half; sleep 1000")
    tools.eventually(lambda: b"new" in Path(container.log.path).read_bytes())
    client = container.attach(ClientStream(stdout=True, replay=True, replay_since=since))
    assert unframed(read_until(client, b"half")) == {1: b"new\nhalf"}
    client.close()


def test_replay_alone_ends_with_the_log(container: Vessel) -> None:
    container.shell("echo one; sleep 1000")
    tools.eventually(lambda: container.logged() == "one\n")
    client = container.attach(ClientStream(stdout=True, replay=True, live=False))
    assert unframed(read_end(client)) == {1: b"one\n"}
    client.close()


def test_a_failed_start_is_told_with_its_step_and_leaves_nothing(container: Vessel) -> None:
    ours, theirs = connection()
    answer = container.launch(["/no/such/program"], streams=[(OUTPUT, theirs)])
    assert isinstance(answer, StartFailed)
    assert (answer.step, answer.errno) == ("exec", 2)
    assert read_end(ours) == b""
    assert [path.name for path in container.bundle.iterdir()] == ["config.json"]
    ours.close()


def test_a_log_that_cannot_be_opened_fails_the_start(container: Vessel, tmp_path: Path) -> None:
    answer = container.launch(["true"], log=Log("json-file", str(tmp_path / "missing" / "log")))
    assert isinstance(answer, StartFailed)
    assert answer.step == "initialize logging driver"


def test_the_container_has_default_signals(container: Vessel) -> None:
    ours, theirs = connection()
    started = container.start(["grep", "Sig[BI]", "/proc/self/status"], streams=[(OUTPUT, theirs)])
    assert unframed(read_end(ours)) == {1: b"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"}
    ours.close()
    assert started.shim_pid != started.init_pid


def test_the_container_has_the_limits_that_the_engine_was_started_with(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell("ulimit -n; ulimit -Hn", streams=[(OUTPUT, theirs)])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert unframed(read_end(ours)) == {1: f"{soft}\n{hard}\n".encode()}
    ours.close()


def test_a_container_may_be_started_again_as_soon_as_its_end_is_told(container: Vessel) -> None:
    for _ in range(10):
        container.shell("exit 0")
        container.wait()
        container.exited = None
    container.start(["sleep", "1000"])
    container.reconnect()
    assert isinstance(container.ask(Query(1)), State)


def test_execs_have_the_containers_oom_score_and_no_descriptor_either(container: Vessel) -> None:
    container.start(["sleep", "1000"], spec={"oomScoreAdj": 300})
    [client] = container.execute("e1", ["sh", "-c", "echo /proc/self/fd/*; cat /proc/self/oom_score_adj"], OUTPUT)
    assert unframed(read_end(client)) == {1: b"/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n300\n"}
    client.close()


def test_exec_has_its_own_streams_and_code(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    [client] = container.execute("e1", ["sh", "-c", "echo out; echo err >&2; exit 3"], OUTPUT)
    assert unframed(read_end(client)) == {1: b"out\n", 2: b"err\n"}
    assert container.receive() == ExecExited("e1", 3)
    client.close()
    assert container.entries() == []


def test_exec_with_input_and_with_a_terminal(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    [client] = container.execute("e1", ["cat"], ClientStream(stdin=True, stdout=True), open_stdin=True)
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    assert unframed(read_end(client)) == {1: b"hello"}
    assert container.receive() == ExecExited("e1", 0)
    client.close()
    [client] = container.execute(
        "e2", ["sh", "-c", "read x; stty size; echo $x"], TERMINAL, open_stdin=True, spec={"terminal": True}
    )
    assert isinstance(container.ask(Resize(1, 5, 6, "e2")), Done)
    client.sendall(b"typed\r")
    assert b"5 6\r\ntyped\r\n" in read_end(client)
    assert container.receive() == ExecExited("e2", 0)
    client.close()


def test_an_exec_whose_start_is_held_up_holds_nothing_else_up(container: Vessel) -> None:
    group = f"/pydock-test-held-{os.getpid()}"
    container.start(["sleep", "1000"], spec={"cgroupsPath": f"{group}/x"})
    cgroup = Cgroup.at(f"{group}/x")
    cgroup.freeze()
    process = cast(dict[str, Any], container.box.spec(["true"])["process"])
    channel.send(container.control, StartExec("e1", process))
    assert isinstance(container.ask(Query(1)), State)
    client = container.attach()
    cgroup.thaw()
    assert isinstance(container.receive(), ExecStarted)
    assert container.receive() == ExecExited("e1", 0)
    client.close()
    container.close()
    Cgroup.at(group).remove()


#: stops each process that comes
STOPPER = "while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = 1 ] || kill -STOP $p; done; done 2>/dev/null"


def test_an_exec_that_was_stopped_before_it_told_of_itself_can_be_given_up(container: Vessel) -> None:
    started = container.start(["sh", "-c", STOPPER])
    process = cast(dict[str, Any], container.box.spec(["true"])["process"])
    before = children(started.shim_pid)
    for number in range(50):
        channel.send(container.control, StartExec(str(number), process))
        while not (stopped := stopped_children(started.shim_pid)) and not readable(container.control):
            time.sleep(0.01)
        if not readable(container.control):
            break
        container.receive_one(ExecStarted)  # it was too fast, and was stopped as a program of the container's
        os.kill(stopped_children(started.shim_pid)[0], signal.SIGKILL)
        container.receive_one(ExecExited)
    else:
        raise AssertionError("no exec was stopped on its way")
    failed = container.ask(AbandonExec(str(number)))
    assert isinstance(failed, ExecFailed)
    assert failed.exec_id == str(number)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in stopped))
    eventually(lambda: children(started.shim_pid) == before)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def stopped_children(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            if "\nState:\tT" in Path(f"/proc/{child}/status").read_text():
                found.append(child)
    return found


def readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def test_many_execs_at_once_all_end(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    for number in range(30):
        process = cast(dict[str, Any], container.box.spec(["sh", "-c", f"exit {number}"])["process"])
        channel.send(container.control, StartExec(str(number), process))
    said = [container.receive() for _ in range(60)]
    assert sorted(message.exec_id for message in said if isinstance(message, ExecStarted)) == sorted(
        map(str, range(30))
    )
    exits = [message for message in said if isinstance(message, ExecExited)]
    assert {message.exec_id: message.exit_code for message in exits} == {str(n): n for n in range(30)}


def test_a_detached_exec_runs_without_clients(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    container.execute("e1", ["sh", "-c", "echo nowhere; exit 4"])
    assert container.receive() == ExecExited("e1", 4)


def test_an_exec_that_fails_says_why(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    with pytest.raises(AssertionError, match=r"ExecFailed\(exec_id='e1', step='exec', errno=2"):
        container.execute("e1", ["/no/such"], OUTPUT)


def test_execs_end_with_their_container(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    [client] = container.execute("e1", ["sleep", "1000"], OUTPUT)
    assert isinstance(container.ask(Signal(1, 9)), Done)
    assert container.receive() == ExecExited("e1", 137)
    assert read_end(client) == b""
    assert container.wait().exit_code == 137
    client.close()


def test_an_execs_background_child_does_not_hold_the_exec(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    [client] = container.execute("e1", ["sh", "-c", "sleep 1000 & echo done"], OUTPUT)
    assert unframed(read_end(client)) == {1: b"done\n"}
    assert container.receive() == ExecExited("e1", 0)
    client.close()


def test_unknown_execs_are_answered(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    assert isinstance(container.ask(Resize(1, 5, 6, "nobody")), Failed)
    assert isinstance(container.ask(Resize(2, 5, 6)), Done)  # it has no terminal: as in Docker, no error
    ours, theirs = connection()
    answer = container.ask(AttachStream(3, OUTPUT, "nobody"), [theirs.fileno()])
    theirs.close()
    assert isinstance(answer, Failed)
    assert read_end(ours) == b""
    ours.close()


def test_a_daemon_that_comes_back_finds_everything_going_on(container: Vessel) -> None:
    started = container.shell("echo one; read x; echo two; exit 5", open_stdin=True)
    container.execute("e1", ["sleep", "1000"])
    client = container.attach(ClientStream(stdin=True, stdout=True))
    container.reconnect()
    state = container.ask(Query(9))
    assert state == State(9, 1, started.shim_pid, started.init_pid, started.started_at, ["e1"])
    assert bundle.shim_pid(str(container.bundle)) == started.shim_pid
    client.sendall(b"\n")
    assert unframed(read_end(client)) == {1: b"two\n"}
    assert container.receive() == ExecExited("e1", 137)
    assert container.wait().exit_code == 5
    assert container.logged() == "one\ntwo\n"
    client.close()


def test_an_exec_that_ended_unheard_is_told_to_the_next_daemon(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    container.execute("e1", ["sh", "-c", "sleep 0.1; exit 6"])
    container.control.close()
    tools.eventually(lambda: _count_children(container) == 1)
    container.reconnect()
    assert container.receive() == ExecExited("e1", 6)


def test_two_daemons_may_be_connected(container: Vessel) -> None:
    container.start(["sleep", "1000"])
    other = bundle.connect(str(container.bundle))
    assert isinstance(container.ask(Signal(1, 9)), Done)
    container.wait()
    assert channel.receive(other)[0] == container.exited
    other.close()


def _count_children(container: Vessel) -> int:
    assert container.started is not None
    pid = container.started.shim_pid
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def test_a_container_that_runs_the_engines_program_cannot_write_to_it(container: Vessel) -> None:
    """The way of CVE-2019-5736: become the program that entered the container, keep it open, then overwrite it."""
    ours, theirs = connection()
    script = """if True:
        import os
        print(os.readlink("/proc/self/exe"), flush=True)
        program = os.open("/proc/self/exe", os.O_RDONLY)
        os.set_inheritable(program, True)
        os.execv("/bin/sh", ["sh", "-c", f"echo evil >/proc/self/fd/{program} || echo no"])
    """
    options = ["rbind", "ro"]
    binds = [{"destination": path, "type": "bind", "source": path, "options": options} for path in python_paths()]
    library = str(sysconfig.get_config_var("LIBDIR"))
    container.start(
        ["/proc/self/exe", "-S", "-E", "-c", script],
        spec={"mounts": binds, "env": ["PATH=/bin", f"LD_LIBRARY_PATH={library}", f"PYTHONHOME={sys.base_prefix}"]},
        streams=[(OUTPUT, theirs)],
    )
    output = unframed(read_end(ours))
    assert output[1].startswith(b"/memfd:pydock-python (deleted)\n"), output
    assert output[1].endswith(b"no\n"), output
    ours.close()
