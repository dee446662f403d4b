"""kill -9 of the daemon, the shim, the zygote and a container's init: what runs goes on, what ended is known."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

from pydock.runtime.cgroups import Cgroup
from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import (
    Daemon,
    actions,
    alive,
    eventually,
    kill,
    read_end,
    unframed,
)

COUNT = "i=0; while :; do i=$((i+1)); echo line $i; done"


def test_a_container_outlives_the_daemon(mortal: Daemon) -> None:
    identity = mortal.shell("echo one; read x; echo got $x; exit 5", OpenStdin=True)
    before = mortal.state(identity)
    mortal.restart()
    after = mortal.state(identity)
    assert (after["Status"], after["Pid"], after["StartedAt"]) == ("running", before["Pid"], before["StartedAt"])
    assert mortal.execute(identity, "echo", "hi") == (0, b"hi\n")
    with mortal.upgrade(f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1") as sock:
        sock.sendall(b"word\n")
        assert unframed(read_end(sock)) == b"got word\n"
    assert mortal.wait(identity) == 5
    assert mortal.logs(identity) == b"one\ngot word\n"


def test_an_attached_client_outlives_the_daemon(mortal: Daemon) -> None:
    identity = mortal.shell("read x; echo got $x", OpenStdin=True)
    with mortal.upgrade(f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1") as sock:
        mortal.restart()
        sock.sendall(b"word\n")
        assert unframed(read_end(sock)) == b"got word\n"
    assert mortal.wait(identity) == 0


def test_an_end_in_the_daemons_absence_is_known(mortal: Daemon) -> None:
    flag = "while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 7"
    identity = mortal.shell(f"mkdir -p /tmp; {flag}")
    pid = mortal.state(identity)["Pid"]
    eventually(lambda: Path(f"/proc/{pid}/root/tmp").is_dir())

    def end() -> None:
        Path(f"/proc/{pid}/root/tmp/go").write_text("")
        eventually(lambda: not alive(pid))

    mortal.restart(end)
    state = mortal.state(identity)
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 7, 0)
    assert state["FinishedAt"] > state["StartedAt"]
    mortal.ok("POST", f"/containers/{identity}/start")


def test_an_end_is_known_though_the_clock_was_set_back(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    pid = mortal.state(identity)["Pid"]

    def end() -> None:
        path = mortal.root / "exec/containers" / identity / "exit.json"
        kill(pid)
        eventually(path.exists)
        path.write_text(json.dumps({**json.loads(path.read_text()), "exit_code": 6, "finished_at": 10**18}))

    mortal.restart(end)
    state = mortal.state(identity)
    assert (state["Status"], state["ExitCode"], state["FinishedAt"][:4]) == ("exited", 6, "2001")
    mortal.restart()
    assert mortal.state(identity) == state


def test_no_line_of_the_log_is_lost_or_doubled(mortal: Daemon) -> None:
    identity = mortal.shell(COUNT)
    for _ in range(3):
        time.sleep(0.3)
        mortal.restart()
    mortal.ok("POST", f"/containers/{identity}/kill")
    lines = mortal.logs(identity).decode().splitlines()
    assert len(lines) > 100
    assert lines == [f"line {number}" for number in range(1, len(lines) + 1)] or lines[:-1] == [
        f"line {number}" for number in range(1, len(lines))
    ]


def test_a_container_that_removes_itself_does_so_when_the_daemon_is_back(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000", host={"AutoRemove": True})
    pid = mortal.state(identity)["Pid"]
    mortal.restart(lambda: kill(pid))
    assert mortal.call("GET", f"/containers/{identity}/json")[0] == 404
    assert not (mortal.root / "data/containers" / identity).exists()


def test_an_exec_outlives_the_daemon_and_its_end_is_known(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    command = ["sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; exit 6"]
    run = mortal.ok("POST", f"/containers/{identity}/exec", {"Cmd": command})["Id"]
    mortal.ok("POST", f"/exec/{run}/start", {"Detach": True})
    pid = mortal.get(f"/exec/{run}/json")["Pid"]
    mortal.restart()
    shown = mortal.get(f"/exec/{run}/json")
    assert (shown["Running"], shown["Pid"]) == (True, pid)
    assert [shown["ProcessConfig"][key] for key in ("entrypoint", "arguments")] == [command[0], command[1:]]
    assert mortal.execute(identity, "touch", "/go")[0] == 0
    eventually(lambda: not mortal.get(f"/exec/{run}/json")["Running"])
    assert mortal.get(f"/exec/{run}/json")["ExitCode"] == 6


def test_the_end_of_an_exec_that_a_dying_daemon_did_not_hear_of_is_known(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    run = mortal.ok("POST", f"/containers/{identity}/exec", {"Cmd": ["sleep", "1000"]})["Id"]
    mortal.ok("POST", f"/exec/{run}/start", {"Detach": True})
    pid = mortal.get(f"/exec/{run}/json")["Pid"]
    assert mortal.process
    os.kill(mortal.process.pid, signal.SIGSTOP)
    kill(pid)
    time.sleep(0.3)
    mortal.restart()
    eventually(lambda: mortal.get(f"/exec/{run}/json")["ExitCode"] == 137)


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_what_died_with_the_daemon_is_started_again(mortal: Daemon, policy: str) -> None:
    identity = mortal.run("sleep", "1000", host={"RestartPolicy": {"Name": policy}})
    stopped = mortal.run("sleep", "1000", host={"RestartPolicy": {"Name": policy}})
    mortal.ok("POST", f"/containers/{stopped}/stop?t=0")
    pid = mortal.state(identity)["Pid"]
    mortal.restart(lambda: kill(pid))
    eventually(lambda: mortal.status(identity) == "running" and mortal.state(identity)["Pid"] != pid)
    if policy == "always":
        eventually(lambda: mortal.status(stopped) == "running")
    else:
        time.sleep(0.5)
        assert mortal.status(stopped) == "exited"


def test_a_paused_container_stays_paused(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    mortal.ok("POST", f"/containers/{identity}/pause")
    mortal.restart()
    assert mortal.status(identity) == "paused"
    mortal.ok("POST", f"/containers/{identity}/unpause")
    assert mortal.execute(identity, "echo", "awake") == (0, b"awake\n")


def test_a_freeze_or_a_thaw_that_the_daemons_death_cut_short_leaves_a_container_running(mortal: Daemon) -> None:
    frozen, thawed = mortal.run("sleep", "1000"), mortal.run("sleep", "1000")
    mortal.ok("POST", f"/containers/{thawed}/pause")

    def change() -> None:
        Cgroup.at(f"{mortal.cgroups}/{frozen}").freeze()  # as a commit does
        Cgroup.at(f"{mortal.cgroups}/{thawed}").thaw()

    mortal.restart(change)
    for identity in (frozen, thawed):
        assert mortal.status(identity) == "running"
        assert mortal.execute(identity, "echo", "awake") == (0, b"awake\n")


def test_containers_with_a_network_keep_it(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000", host={"NetworkMode": "default"})
    before = mortal.get(f"/containers/{identity}/json")["NetworkSettings"]
    mortal.restart()
    after = mortal.get(f"/containers/{identity}/json")["NetworkSettings"]
    assert after["Networks"]["bridge"]["IPAddress"] == before["Networks"]["bridge"]["IPAddress"] != ""
    other = mortal.run("sleep", "1000", host={"NetworkMode": "default"})
    taken = mortal.get(f"/containers/{other}/json")["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert taken != before["Networks"]["bridge"]["IPAddress"]


def test_a_connect_or_disconnect_that_was_cut_off_is_made_whole(mortal: Daemon) -> None:
    network = mortal.ok("POST", "/networks/create", {"Name": "more"})["Id"]
    half = [mortal.run("sleep", "1000", host={"NetworkMode": "default"}) for _ in range(2)]
    for identity in half:
        mortal.ok("POST", "/networks/more/connect", {"Container": identity})

    def change() -> None:
        """As if the one's connect had not been written down, and the other's disconnect neither."""
        with contextlib.closing(sqlite3.connect(mortal.root / "data/pydock.db")) as index, index:
            (text,) = index.execute("SELECT record FROM containers WHERE id = ?", (half[0],)).fetchone()
            record = json.loads(text)
            del record["endpoints"]["more"]
            index.execute("UPDATE containers SET record = ? WHERE id = ?", (json.dumps(record), half[0]))
        pid = next(pid for pid in Cgroup.at(f"{mortal.cgroups}/{half[1]}").pids())
        subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "link", "del", "eth1"], check=True)

    mortal.restart(change)
    assert leftovers.find(mortal) == []
    assert mortal.get(f"/networks/{network}")["Containers"] == {}
    for identity in half:
        assert list(mortal.get(f"/containers/{identity}/json")["NetworkSettings"]["Networks"]) == ["bridge"]
        assert mortal.execute(identity, "ls", "/sys/class/net") == (0, b"eth0\nlo\n")
        mortal.ok("POST", "/networks/more/connect", {"Container": identity})


def test_a_daemon_killed_in_the_midst_of_starts_finds_each_container_in_one_state(mortal: Daemon) -> None:
    identities = [mortal.create("sleep", "1000") for _ in range(6)]

    def start(identity: str) -> None:
        try:
            mortal.call("POST", f"/containers/{identity}/start")
        except OSError:
            pass

    for round_ in range(3):
        threads = [threading.Thread(target=start, args=(identity,)) for identity in identities]
        for thread in threads:
            thread.start()
        time.sleep(0.01 + 0.03 * round_)
        mortal.kill()
        for thread in threads:
            thread.join()
        mortal.start()
        for identity in identities:
            state = mortal.state(identity)
            assert state["Status"] in ("created", "running", "exited")
            assert (state["Status"] == "running") == bool(state["Pid"] and alive(state["Pid"]))
            mortal.call("POST", f"/containers/{identity}/stop?t=0")
            assert mortal.status(identity) in ("created", "exited")


@pytest.mark.parametrize("before", ["created", "exited"])
def test_a_start_that_the_zygote_had_not_come_to_is_given_up_with_the_daemon(mortal: Daemon, before: str) -> None:
    identity = mortal.create("sleep", "1000", host={"IpcMode": "shareable", "NetworkMode": "default"})
    if before == "exited":
        mortal.ok("POST", f"/containers/{identity}/start")
        mortal.ok("POST", f"/containers/{identity}/kill")
        assert mortal.wait(identity) == 137
    state = mortal.state(identity)
    asked = mortal.root / "exec/containers" / identity / "config.json"
    asked.unlink(missing_ok=True)
    zygote = mortal.zygote()
    os.kill(zygote, signal.SIGSTOP)

    def start() -> None:
        with contextlib.suppress(OSError):
            mortal.call("POST", f"/containers/{identity}/start")

    thread = threading.Thread(target=start)
    thread.start()
    eventually(asked.exists)
    time.sleep(0.1)
    with mortal.events() as seen:
        mortal.restart()
    thread.join()
    assert mortal.state(identity) == state
    assert actions(seen, identity) == []
    os.kill(zygote, signal.SIGCONT)
    eventually(lambda: not alive(zygote))
    assert Cgroup.at(f"{mortal.cgroups}/{identity}").pids() == []
    eventually(lambda: leftovers.find(mortal) == [])
    mortal.ok("POST", f"/containers/{identity}/start")
    assert mortal.status(identity) == "running"


def test_the_death_of_a_shim_ends_its_container(engine: Daemon) -> None:
    identity = engine.run("sh", "-c", "sleep 1000 & sleep 1000")
    pid = engine.state(identity)["Pid"]
    with engine.events() as seen:
        kill(engine.shim(identity))
        assert engine.wait(identity) == 137
    assert actions(seen, identity) == ["die"]
    assert not alive(pid)
    assert engine.status(identity) == "exited"
    assert Cgroup.at(f"{engine.cgroups}/{identity}").pids() == []
    engine.ok("POST", f"/containers/{identity}/start")
    assert engine.status(identity) == "running"


def test_a_shim_that_died_in_the_daemons_absence_is_buried(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    pid, shim = mortal.state(identity)["Pid"], mortal.shim(identity)
    mortal.restart(lambda: kill(shim))
    state = mortal.state(identity)
    assert (state["Status"], state["ExitCode"]) == ("exited", 137)
    eventually(lambda: not alive(pid))


def test_the_death_of_a_shim_is_a_reason_to_restart(engine: Daemon) -> None:
    identity = engine.run("sleep", "1000", host={"RestartPolicy": {"Name": "on-failure"}})
    kill(engine.shim(identity))
    eventually(
        lambda: engine.status(identity) == "running" and engine.get(f"/containers/{identity}/json")["RestartCount"]
    )


def test_the_zygote_is_replaced(engine: Daemon) -> None:
    identity = engine.run("sleep", "1000")
    kill(engine.zygote())
    assert engine.status(identity) == "running"
    assert engine.wait(engine.shell("exit 3")) == 3
    engine.ok("POST", f"/containers/{identity}/kill")
    assert engine.wait(identity) == 137


def test_the_death_of_init_is_an_exit_like_any(engine: Daemon) -> None:
    identity = engine.run("sleep", "1000")
    kill(engine.state(identity)["Pid"])
    assert engine.wait(identity) == 137
    assert engine.state(identity)["OOMKilled"] is False


def test_the_bundle_of_a_silent_shim_is_left_alone(mortal: Daemon) -> None:
    identity = mortal.run("sleep", "1000")
    shim = mortal.shim(identity)
    mortal.kill()
    os.kill(shim, signal.SIGSTOP)
    try:
        mortal.start()
        assert (mortal.root / "exec/containers" / identity / "config.json").exists()
        assert mortal.status(identity) == "running"
    finally:
        os.kill(shim, signal.SIGCONT)
    eventually(lambda: mortal.call("POST", f"/containers/{identity}/kill")[0] == 204)
    assert mortal.wait(identity) == 137


def test_a_bundle_that_cannot_be_read_costs_nobody_else_anything(mortal: Daemon) -> None:
    broken, whole = mortal.run("sleep", "1000"), mortal.run("sleep", "1000")
    pid = mortal.state(broken)["Pid"]
    path = mortal.root / "exec/containers" / broken / "shim.pid"
    kept = json.loads(path.read_text())

    def spoil() -> None:
        path.write_text("{")

    mortal.restart(spoil)
    assert mortal.status(whole) == "running"
    path.write_text(json.dumps(kept))
    assert not alive(pid) or mortal.status(broken) == "running"
