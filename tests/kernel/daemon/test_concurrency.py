"""Many clients at once: requests on one container are serial, none fails by another's doing, nobody waits for ever."""

import contextlib
import os
import random
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import Daemon, alive, eventually

_WORK = ("sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done")
_POSTS = ("start", "start", "stop?t=5", "kill", "restart?t=5", "pause", "unpause", "kill?signal=USR1")
#: what Docker, too, takes for its own errors; the second where another starts and pauses it in the midst of a restart
_DOCKERS = ("is not paused", "cannot start a paused container, try unpause instead")
_GETS = ("json", "top", "logs?stdout=1", "stats?stream=0&one-shot=1", "changes")


def _hammer(engine: Daemon, names: Sequence[str], clients: int, seconds: float) -> list[str]:
    """Do all kinds of things to `names` at random; what the engine said was its own fault."""
    bad: list[str] = []
    end = time.monotonic() + seconds

    def run(number: int) -> None:
        choose = random.Random(number).choice
        while time.monotonic() < end:
            name = choose(names)
            method, path = choose([*(("POST", one) for one in _POSTS), *(("GET", one) for one in _GETS), ("", "")])
            if method:
                status, value = engine.call(method, f"/containers/{name}/{path}")
            else:
                status, value = _execute(engine, name)
            if status >= 500 and not any(words in str(value) for words in _DOCKERS):
                bad.append(f"{path}: {status} {value}")

    _at_once(clients, run)
    return bad


def _execute(engine: Daemon, name: str) -> tuple[int, object]:
    status, value = engine.call("POST", f"/containers/{name}/exec", {"Cmd": ["true"]})
    return engine.call("POST", f"/exec/{value['Id']}/start", {"Detach": True}) if status == 201 else (status, value)


@contextlib.contextmanager
def _unread(engine: Daemon, path: str) -> Iterator[None]:
    """A request whose answer nobody reads."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(engine.socket)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        yield


def _at_once(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"


def test_all_at_once_on_one_container(engine: Daemon) -> None:
    identity = engine.create(*_WORK)
    assert _hammer(engine, [identity], 8, 4) == []
    state = engine.state(identity)
    assert state["Running"] == bool(state["Pid"] and alive(state["Pid"]))
    engine.ok("DELETE", f"/containers/{identity}?force=1")
    eventually(lambda: leftovers.find(engine) == [])


def test_all_at_once_on_many_containers(engine: Daemon) -> None:
    names = [engine.create(*_WORK) for _ in range(6)]
    assert _hammer(engine, names, 12, 4) == []
    _at_once(len(names), lambda number: engine.ok("DELETE", f"/containers/{names[number]}?force=1"))
    eventually(lambda: leftovers.find(engine) == [])


def test_one_of_many_removals_succeeds(engine: Daemon) -> None:
    for _ in range(5):
        path, codes = f"/containers/{engine.run(*_WORK)}?force=1", list[int]()

        def remove(_: int, path: str = path, codes: list[int] = codes) -> None:
            codes.append(engine.call("DELETE", path)[0])

        _at_once(6, remove)
        assert codes.count(204) == 1
        assert set(codes) <= {204, 404, 409}


def test_a_container_that_is_slow_to_stop_holds_up_no_other(engine: Daemon) -> None:
    slow, quick = engine.run("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"), engine.create("true")
    thread = threading.Thread(target=engine.call, args=("POST", f"/containers/{slow}/stop?t=600"))
    thread.start()
    engine.ok("POST", f"/containers/{quick}/start")
    assert engine.wait(quick) == 0
    assert engine.status(slow) == "running"
    engine.ok("POST", f"/containers/{slow}/kill")  # comes in between
    thread.join(30)
    assert not thread.is_alive()


def test_clients_that_take_nothing_hold_up_nobody(engine: Daemon) -> None:
    identity = engine.shell(f"while :; do echo {'0' * 100}; done")
    with contextlib.ExitStack() as stack:
        for number in range(200):
            if number % 20 == 0:
                stack.enter_context(engine.upgrade(f"/containers/{identity}/attach?stream=1&stdout=1"))
            else:
                logs = f"/containers/{identity}/logs?follow=1&stdout=1"
                stack.enter_context(_unread(engine, "/events" if number % 2 else logs))
        for _ in range(5):
            assert engine.wait(engine.run("true")) == 0
        assert engine.execute(identity, "echo", "hi") == (0, b"hi\n")
    engine.ok("POST", f"/containers/{identity}/kill")


def test_more_clients_than_descriptors_have_to_wait(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    assert mortal.process
    pid = mortal.process.pid
    limit = len(os.listdir(f"/proc/{pid}/fd")) + 10
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(mortal.socket)
        eventually(lambda: "clients have to wait: too many open files" in mortal.log())
        time.sleep(1)
    assert mortal.status(identity) == "running"
    assert mortal.log().count("too many open files") < 20
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert mortal.execute(identity, "echo", "hi") == (0, b"hi\n")
