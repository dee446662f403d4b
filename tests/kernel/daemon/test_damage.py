"""Records that cannot be read, an index that is none: what can go on does, the rest is told in a line."""

import contextlib
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import index_copy
from tests.clients.engines import root_tar
from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import PATIENCE, Daemon, actions, alive, eventually, kill


def refusal(engine: Daemon) -> str:
    """What a daemon that does not start says, all of it."""
    (engine.root / "daemon.log").touch()
    before = len(engine.log())
    with pytest.raises(AssertionError, match="the daemon does not start"):
        engine.start()
    assert engine.process
    assert engine.process.wait() == 1
    return "\n".join(line for line in engine.log()[before:].splitlines() if "level=info" not in line)


def change_record(engine: Daemon, identity: str, text: str) -> None:
    with contextlib.closing(sqlite3.connect(engine.root / "data/pydock.db")) as index, index:
        index.execute("UPDATE containers SET record = ? WHERE id = ?", (text, identity))


def test_a_record_that_cannot_be_read_costs_nobody_else_anything(mortal: Daemon) -> None:
    broken, running, stopped = (
        mortal.run("sleep", "1000", name="broken"),
        mortal.run("sleep", "1000"),
        mortal.create("true"),
    )
    pid = mortal.state(broken)["Pid"]
    with index_copy.opened(mortal.root / "data/pydock.db") as index:
        ((text,),) = index.execute("SELECT record FROM containers WHERE id = ?", (broken,))
    mortal.restart(lambda: change_record(mortal, broken, text[: len(text) // 2]))
    assert {one["Id"] for one in mortal.get("/containers/json?all=1")} == {running, stopped}
    assert mortal.status(running) == "running"
    assert f"container {broken} (broken): its record cannot be read" in mortal.log()
    assert mortal.call("POST", "/containers/create?name=broken", {"Image": "box", "Cmd": ["true"]})[0] == 409
    assert alive(pid)
    mortal.restart(lambda: change_record(mortal, broken, text))
    assert mortal.state(broken)["Pid"] == pid
    assert mortal.execute(broken, "echo", "hi") == (0, b"hi\n")


def test_the_health_of_what_stopped_is_kept(mortal: Daemon) -> None:
    check = {"Test": ["CMD-SHELL", "echo well"], "Interval": 100_000_000}
    identities = [mortal.run("sleep", "1000", Healthcheck=check) for _ in range(2)]
    stopped, killed = identities
    eventually(lambda: all(mortal.state(identity)["Health"]["Status"] == "healthy" for identity in identities))
    mortal.ok("POST", f"/containers/{stopped}/stop?t=0")
    before = mortal.state(stopped)["Health"]
    pid = mortal.state(killed)["Pid"]
    mortal.restart(lambda: kill(pid))
    assert mortal.state(stopped)["Health"] == before
    assert (before["Status"], before["Log"][-1]["Output"]) == ("unhealthy", "well\n")
    assert (mortal.status(killed), mortal.state(killed)["Health"]["Status"]) == ("exited", "unhealthy")
    assert mortal.state(killed)["Health"]["Log"][0]["Output"] == "well\n"
    mortal.ok("POST", f"/containers/{stopped}/start")
    assert mortal.state(stopped)["Health"]["Status"] in ("starting", "healthy")


def test_health_is_to_be_found_out_again_by_a_daemon_that_comes_back(mortal: Daemon) -> None:
    hour = 3600 * 10**9
    test = ["CMD-SHELL", "echo well; ! test -e /wait"]
    check = {"Test": test, "Interval": hour, "StartPeriod": hour, "StartInterval": 100_000_000}
    identity = mortal.run("sleep", "1000", Healthcheck=check)
    eventually(lambda: mortal.state(identity)["Health"]["Status"] == "healthy")
    assert mortal.execute(identity, "touch", "/wait") == (0, b"")
    mortal.restart()
    shown = mortal.state(identity)["Health"]
    assert (shown["Status"], shown["Log"][0]["Output"]) == ("starting", "well\n")
    assert mortal.execute(identity, "rm", "/wait") == (0, b"")
    eventually(lambda: mortal.state(identity)["Health"]["Status"] == "healthy")


def test_what_was_to_remove_itself_and_does_not_run_goes_at_the_next_start(mortal: Daemon) -> None:
    created = mortal.create("true", host={"AutoRemove": True})
    running = mortal.run("sleep", "1000", host={"AutoRemove": True})
    mortal.restart()
    assert [one["Id"] for one in mortal.get("/containers/json?all=1")] == [running]
    assert not (mortal.root / "data/containers" / created).exists()
    eventually(lambda: leftovers.find(mortal) == [])


@pytest.mark.parametrize("damage", [b"nothing of an index", b""])
def test_an_index_that_is_none(mortal: Daemon, damage: bytes) -> None:
    identity = mortal.run("sleep", "1000")
    pid = mortal.state(identity)["Pid"]
    mortal.kill()
    data = mortal.root / "data"
    shutil.copytree(
        data, mortal.root / "kept", symlinks=True, ignore=lambda _, names: set(names) - {"pydock.db", "pydock.db-wal"}
    )
    (data / "pydock.db").write_bytes(damage * 300)
    (data / "pydock.db-wal").unlink(missing_ok=True)
    told = refusal(mortal)
    if damage:
        assert told == f"the index {data}/pydock.db cannot be read: file is not a database"
    else:
        assert told.startswith(
            f"failed to start daemon: {data}/pydock.db is missing or empty, but {data}/containers is"
        )
    assert alive(pid)
    for path in (mortal.root / "kept").iterdir():
        shutil.copy(path, data)
    mortal.start()
    assert mortal.status(identity) == "running"


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    engine = Daemon(tmp_path, "c")
    for name in ("data", "exec"):
        path = tmp_path / name
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "pdt", str(path)], check=True)
        try:
            told = refusal(engine)
        finally:
            subprocess.run(["umount", str(path)], check=True)
        assert told.startswith(f"failed to start daemon: {path}")
        assert told.endswith(": read-only file system")
        assert "\n" not in told


def test_what_cannot_be_deleted_of_a_container_goes_later(mortal: Daemon) -> None:
    identity = mortal.create("true")
    stuck = mortal.root / "data/containers" / identity / "stuck"
    stuck.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "pdt", str(stuck)], check=True)
    waiting = threading.Thread(target=mortal.wait, args=(identity, "removed"))
    try:
        with mortal.events() as seen:
            waiting.start()
            time.sleep(0.2)
            assert mortal.call("DELETE", f"/containers/{identity}")[0] == 500
            waiting.join(PATIENCE)
            assert not waiting.is_alive()
        assert actions(seen, identity) == ["destroy"]
        assert mortal.call("GET", f"/containers/{identity}/json")[0] == 404
        mortal.restart()
        assert f"{stuck.parent}: left over, and cannot be deleted: device or resource busy" in mortal.log()
    finally:
        subprocess.run(["umount", str(stuck)], check=True)
    mortal.restart()
    assert leftovers.find(mortal) == []


def _shortage(engine: Daemon, requests: Sequence[tuple[str, str, Any]], reason: str) -> None:
    """Each request is answered with `reason`, and told of in one line."""
    for method, path, body in requests:
        said = len(engine.log())
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        status, value = engine.call(method, path, body, kind)
        assert status == 500, (path, status, value)
        assert value["message"].endswith(reason), (path, value)
        told = [line for line in engine.log()[said:].splitlines() if "level=error" in line]
        assert [line for line in told if reason in line], path
        assert not [line for line in told if "Traceback" in line or "never retrieved" in line], told


def test_a_shortage_of_the_machine_is_told_in_a_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Daemon(tmp_path, "c") as engine:
        running, stopped = engine.run("sleep", "1000"), engine.create("true")
        tar = root_tar({})
        assert engine.process
        used = len(list(Path(f"/proc/{engine.process.pid}/fd").iterdir()))
        soft, hard = resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (used + 1, hard))
        try:
            _shortage(
                engine,
                [
                    ("GET", f"/containers/{running}/archive?path=/bin", None),
                    ("PUT", f"/containers/{running}/archive?path=/", tar),
                    ("GET", f"/containers/{running}/changes", None),
                    ("POST", f"/containers/{stopped}/start", None),
                ],
                "too many open files",
            )
        finally:
            resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.ExitStack() as stack:
            for name in ("overlay2", "containers", "volumes"):
                place = str(data / name)
                subprocess.run(["mount", "--bind", place, place], check=True)
                stack.callback(subprocess.run, ["umount", "-l", place], check=True)
                subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
            _shortage(
                engine,
                [
                    ("POST", "/containers/create", {"Image": "box", "Cmd": ["true"]}),
                    ("POST", "/volumes/create", {"Name": "more"}),
                    ("POST", "/images/create?fromSrc=-&repo=more", tar),
                    ("POST", f"/containers/{stopped}/start", None),
                ],
                "read-only file system",
            )
        assert engine.status(running) == "running"
        assert engine.wait(engine.run("true")) == 0
