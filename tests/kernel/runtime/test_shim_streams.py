"""Streams under strain: slow and stuck clients, floods, rotation, and the death of the daemon in the middle."""

import dataclasses
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.kernel.runtime.vessel as tools
from pydock.runtime import bundle, channel
from pydock.runtime.logs.reader import open_reader
from pydock.runtime.messages import AttachStream, ClientStream, Done, ExecExited, Log, Query, Signal, State
from pydock.runtime.zygote_process import Zygote
from tests.kernel.runtime.vessel import OUTPUT, Vessel, connection, read_end, unframed, vessel

MEGABYTE = 1_000_000
LINE = b"x" * 99 + b"\n"


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
        (made.box.lower / "bin/yes").symlink_to("busybox")
        yield made


def flood(megabytes: int) -> str:
    """A script that writes lines of 100 bytes."""
    return f"yes {'x' * 99} | head -c {megabytes * MEGABYTE}"


def memory(pid: int) -> int:
    """The memory that a process has to itself, in KiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("Private_Dirty:")[1].split()[0])


def payload(log: Log) -> bytes:
    with open_reader(log) as reader:
        return b"".join(data for batch in reader.payloads() for _, data in batch)


def test_a_flood_is_logged_whole(container: Vessel) -> None:
    container.shell(flood(10))
    assert container.wait().exit_code == 0
    assert payload(container.log) == LINE * (10 * MEGABYTE // len(LINE))


def test_a_client_that_never_reads_stalls_neither_container_nor_log_nor_takes_memory(container: Vessel) -> None:
    ours, theirs = connection()
    started = container.shell(flood(20) + "; sleep 1000", streams=[(OUTPUT, theirs)])
    size = 20 * MEGABYTE // len(LINE)
    tools.eventually(lambda: Path(container.log.path).read_bytes().count(b"\n") == size)
    assert memory(started.shim_pid) < 8192
    client = container.attach(ClientStream(stdout=True, replay=True, live=False))
    assert unframed(read_end(client)) == {1: LINE * size}
    client.close()
    assert isinstance(container.ask(Signal(1, 9)), Done)
    assert container.wait().exit_code == 137
    # and when it reads after all, nothing is missing, though the container has ended meanwhile
    assert unframed(read_end(ours)) == {1: LINE * size}
    ours.close()
    tools.eventually(lambda: not tools.alive(started.shim_pid))


def test_a_stuck_client_that_leaves_lets_the_shim_end(container: Vessel) -> None:
    ours, theirs = connection()
    started = container.shell(flood(5), streams=[(OUTPUT, theirs)])
    container.wait()
    assert tools.alive(started.shim_pid)
    ours.close()
    tools.eventually(lambda: not tools.alive(started.shim_pid))


def test_a_slow_client_slows_the_container_down_and_loses_nothing(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell(flood(4), streams=[(OUTPUT, theirs)], log=Log("none"))
    received = b""
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        received += ours.recv(10_000)
        time.sleep(0.01)
    received += read_end(ours)
    assert unframed(received) == {1: LINE * (4 * MEGABYTE // len(LINE))}
    ours.close()


def test_without_a_log_both_outputs_come_whole_and_one_who_joins_gets_whole_frames(container: Vessel) -> None:
    ours, theirs = connection()
    script = f"{flood(5)}; {flood(5)} >&2; read x; {flood(5)}; {flood(5)} >&2; echo end"
    container.shell(script, streams=[(OUTPUT, theirs)], log=Log("none"), open_stdin=True)
    half = 5 * MEGABYTE
    first = b""
    while sum(map(len, unframed(first).values())) < 2 * half:
        first += ours.recv(1 << 20)
    typist = container.attach(dataclasses.replace(OUTPUT, stdin=True))
    typist.sendall(b"\n")
    joined: list[bytes] = []
    reader = threading.Thread(target=lambda: joined.append(read_end(typist)))
    reader.start()
    lines = LINE * (half // len(LINE))
    assert unframed(first + read_end(ours)) == {1: lines * 2 + b"end\n", 2: lines * 2}
    reader.join()
    assert unframed(joined[0]) == {1: lines + b"end\n", 2: lines}
    ours.close()
    typist.close()


def test_a_process_that_takes_back_its_own_output_breaks_no_frame(container: Vessel) -> None:
    ours, theirs = connection()
    script = f"cat /proc/1/fd/1 > /dev/null & {flood(20)}; kill $!; echo end >&2"
    container.shell(script, streams=[(OUTPUT, theirs)], log=Log("none"))
    received = unframed(read_end(ours))
    assert received[2] == b"end\n"
    assert set(received[1]) <= set(LINE)
    ours.close()


def test_a_fast_client_is_not_held_up_by_a_stuck_one_for_long(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell(flood(20), streams=[(OUTPUT, theirs)], log=Log("none"))
    fast = container.attach()
    begin = time.monotonic()
    read_end(fast)
    assert time.monotonic() - begin < tools.PATIENCE
    fast.close()
    ours.close()


def test_a_client_that_does_not_read_does_not_keep_the_root_mounted(container: Vessel) -> None:
    ours, theirs = connection()
    started = container.shell("yes | head -c 4000000", streams=[(OUTPUT, theirs)])
    container.wait()
    tools.eventually(lambda: not any(one.startswith("mnt:") for one in tools.descriptors(started.shim_pid)))
    assert unframed(read_end(ours)) == {1: b"y\n" * 2_000_000}
    ours.close()


def test_replay_to_a_slow_client_does_not_hold_the_container_up(container: Vessel) -> None:
    size = 5 * MEGABYTE // len(LINE)
    container.shell(flood(5) + "; read x; " + flood(5) + "; echo end", open_stdin=True)
    tools.eventually(lambda: Path(container.log.path).read_bytes().count(b"\n") == size)
    slow = container.attach(ClientStream(stdout=True, replay=True))
    typist = container.attach(ClientStream(stdin=True))
    typist.sendall(b"\n")
    assert container.wait().exit_code == 0
    assert unframed(read_end(slow)) == {1: LINE * (2 * size) + b"end\n"}
    slow.close()
    typist.close()


def test_a_client_that_dies_in_a_flood_disturbs_nobody(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell(flood(5), streams=[(OUTPUT, theirs)])
    ours.recv(1000)
    ours.close()
    assert container.wait().exit_code == 0
    assert payload(container.log) == LINE * (5 * MEGABYTE // len(LINE))


def test_many_clients_all_see_everything(container: Vessel) -> None:
    pairs = [connection() for _ in range(20)]
    container.shell(flood(1), streams=[(OUTPUT, theirs) for _, theirs in pairs])
    for ours, _ in pairs:
        assert unframed(read_end(ours)) == {1: LINE * (MEGABYTE // len(LINE))}
        ours.close()


def test_input_that_nobody_reads_waits_without_memory(container: Vessel) -> None:
    started = container.start(["sleep", "1000"], open_stdin=True)
    client = container.attach(ClientStream(stdin=True))
    client.settimeout(0.5)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 50 * MEGABYTE:
            sent += client.send(b"y" * 65536)
    assert sent < 2 * MEGABYTE
    assert memory(started.shim_pid) < 8192
    assert isinstance(container.ask(Query(1)), State)
    client.close()


def test_a_container_that_closes_its_output_and_input_goes_on(container: Vessel) -> None:
    ours, theirs = connection()
    container.shell(
        "exec <&- >&- 2>&-; sleep 0.3; exit 9",
        streams=[(ClientStream(stdin=True, stdout=True, stderr=True), theirs)],
        open_stdin=True,
        stdin_once=True,
    )
    time.sleep(0.1)
    ours.sendall(b"x" * 100_000)
    assert read_end(ours) == b""
    assert container.wait().exit_code == 9
    ours.close()


def test_the_log_is_whole_across_rotation_and_compression(container: Vessel, tmp_path: Path) -> None:
    log = Log("json-file", str(tmp_path / "log"), {"max-size": "500k", "max-file": "40", "compress": "true"})
    script = 'i=0; while [ $i -lt 40000 ]; do echo "line $i"; i=$((i+1)); done'
    container.shell(script, log=log)
    container.wait()
    assert payload(log) == b"".join(b"line %d\n" % number for number in range(40_000))
    packed = sorted(tmp_path.glob("log.*.gz"))
    assert len(packed) >= 4
    assert all(500_000 <= len(gzip.decompress(path.read_bytes())) < 500_200 for path in packed)


@pytest.mark.parametrize("driver", ["local", "json-file"])
def test_a_last_line_without_an_end_is_kept(container: Vessel, tmp_path: Path, driver: str) -> None:
    log = Log(driver, str(tmp_path / "log"))
    container.shell("echo one; printf two", log=log)
    container.wait()
    assert payload(log) == b"one\ntwo"


def test_a_restarted_container_goes_on_in_the_same_log(container: Vessel) -> None:
    for _ in range(2):
        container.shell("echo run")
        container.wait()
        container.exited = None
    assert container.logged() == "run\nrun\n"


def test_what_the_kernel_kills_for_memory_is_told(container: Vessel) -> None:
    group = f"/pydock-test-oom-{os.getpid()}"
    container.shell(
        "exec dd if=/dev/zero of=/dev/null bs=64M",
        spec={"cgroupsPath": f"{group}/x", "resources": {"memory": {"limit": 16 << 20, "swap": 16 << 20}}},
    )
    exited = container.wait()
    for directory in Path("/sys/fs/cgroup").glob(f"*{group}"):
        assert not (directory / "x").exists()
        directory.rmdir()
    assert (exited.exit_code, exited.oom_killed) == (137, True)


def test_host_processes_of_a_container_without_its_own_pids_end_with_it(container: Vessel) -> None:
    group = f"/pydock-test-pids-{os.getpid()}"
    ours, theirs = connection()
    kinds = [{"type": kind} for kind in ("mount", "uts", "ipc", "network")]
    container.shell(
        "sleep 1000 & echo $!",
        spec={"cgroupsPath": f"{group}/x", "namespaces": kinds},
        streams=[(OUTPUT, theirs)],
    )
    pid = int(unframed(read_end(ours))[1])
    assert container.wait().exit_code == 0
    assert not tools.alive(pid)
    for directory in Path("/sys/fs/cgroup").glob(f"*{group}"):
        directory.rmdir()
    ours.close()


def test_orphans_that_fall_to_the_shim_are_reaped(container: Vessel) -> None:
    kinds = [{"type": kind} for kind in ("mount", "uts", "ipc", "network")]
    started = container.shell("(sleep 0.2 & ) ; exec sleep 1000", spec={"namespaces": kinds})
    children = Path(f"/proc/{started.shim_pid}/task/{started.shim_pid}/children")
    tools.eventually(lambda: len(children.read_text().split()) == 2)
    tools.eventually(lambda: children.read_text().split() == [str(started.init_pid)])


def test_no_descriptor_is_left_by_execs_and_clients(container: Vessel) -> None:
    started = container.start(["sleep", "1000"], open_stdin=True)
    assert isinstance(container.ask(Query(1)), State)
    before = tools.descriptors(started.shim_pid)
    for number in range(5):
        [client] = container.execute(f"e{number}", ["cat"], ClientStream(stdin=True, stdout=True), open_stdin=True)
        client.close()
        container.receive_one(ExecExited)
        container.attach().close()
        ours, theirs = connection()
        theirs.close()
        ours.close()
    assert isinstance(container.ask(Query(1)), State)
    tools.eventually(lambda: tools.descriptors(started.shim_pid) == before)


DAEMON = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from pydock.runtime.zygote_process import Zygote
from tests.kernel.runtime.vessel import Vessel, connection, ClientStream
directory = Path(sys.argv[1])
zygote = Zygote.spawn(directory, [])
container = Vessel(zygote, directory)
started = container.shell(sys.argv[3], open_stdin=True)
print(json.dumps([zygote.pid, started.shim_pid, started.init_pid]), flush=True)
time.sleep(1000)
"""


def test_kill_9_of_the_daemon_leaves_container_log_streams_and_exit_status(tmp_path: Path) -> None:
    """The daemon is a process of its own here, killed with its zygote while a client is attached."""
    script = "i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; read x; exit 23"
    arguments = [sys.executable, "-c", DAEMON, str(tmp_path), str(Path(__file__).parents[3]), script]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        zygote, shim, init = json.loads(daemon.stdout.readline())
        path = str(tmp_path / "bundle")
        log = Log("json-file", str(tmp_path / "container-json.log"))
        tools.eventually(lambda: b"line 3\n" in payload(log))
        control = bundle.connect(path)  # attached before, by another daemon: the stream must outlive the first
        ours, theirs = connection()
        channel.send(control, AttachStream(1, ClientStream(stdin=True, stdout=True)), [theirs.fileno()])
        theirs.close()
        assert channel.receive(control)[0] == Done(1)
        control.close()
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    tools.eventually(lambda: not tools.alive(zygote))
    assert bundle.shim_pid(path) == shim
    assert tools.alive(init)
    tools.read_until(ours, b"line 29\n")
    ours.sendall(b"\n")
    tools.read_end(ours)
    ours.close()
    tools.eventually(lambda: bundle.read_exit(path) is not None)
    exited = bundle.read_exit(path)
    assert exited is not None
    assert exited.exit_code == 23
    assert payload(log) == b"".join(b"line %d\n" % number for number in range(30))
    tools.eventually(lambda: not tools.alive(shim))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE])
def test_the_shim_heeds_no_signal_of_a_service_manager(container: Vessel, number: int) -> None:
    started = container.start(["sleep", "1000"])
    os.kill(started.shim_pid, number)
    assert isinstance(container.ask(Query(1)), State)


def test_an_idle_shim_is_small(container: Vessel) -> None:
    started = container.start(["sleep", "1000"])
    assert isinstance(container.ask(Query(1)), State)
    assert memory(started.shim_pid) < 2800
