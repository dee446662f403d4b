"""A daemon that ends by a signal: what it leaves in the kernel depends on who still needs it."""

import hashlib
import json
import signal
import subprocess
from pathlib import Path

from tests.kernel.daemon.daemon_process import Daemon, alive, eventually, kill
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry
from tests.unit.imagestore.registry.made_images import make_image


def ours(engine: Daemon) -> tuple[bool, bool]:
    """Whether the daemon's bridge and its packet filter's table are there."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    table = f"pydock-{hashlib.sha256(str(engine.root / 'exec').encode()).hexdigest()[:8]}"
    return f": {engine.bridge}:" in links, table in tables.split()


def test_an_idle_engine_leaves_neither_links_nor_rules_and_makes_them_again(mortal: Daemon) -> None:
    mortal.ok("POST", "/networks/create", {"Name": "more"})
    assert ours(mortal) == (True, True)
    mortal.stop()
    assert ours(mortal) == (False, False)
    mortal.start()
    assert ours(mortal) == (True, True)
    identity = mortal.run("true", host={"NetworkMode": "more"})
    assert mortal.wait(identity) == 0


def test_a_container_that_runs_keeps_its_network(mortal: Daemon) -> None:
    mortal.run("sleep", "1000")
    mortal.stop()
    assert ours(mortal) == (True, True)


def test_a_reload_changes_where_images_come_from(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text("{}")
    with FaultyRegistry() as registry, Daemon(tmp_path, "c", "--config-file", str(file)) as engine:
        registry.add("library/mirrored", "latest", make_image([{"a": b"b"}]))
        file.write_text(json.dumps({"registry-mirrors": [registry.url]}))
        assert engine.process
        engine.process.send_signal(signal.SIGHUP)
        eventually(lambda: engine.get("/info")["RegistryConfig"]["Mirrors"])
        assert b"Downloaded newer image" in engine.ok("POST", "/images/create?fromImage=mirrored&tag=latest")
        engine.ok("DELETE", "/images/mirrored")


def test_a_reload_decides_whether_containers_outlive_the_daemon(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text("{}")
    with Daemon(tmp_path, "c", "--config-file", str(file)) as engine:
        identity = engine.run("sleep", "1000", StopSignal="SIGKILL", host={"RestartPolicy": {"Name": "always"}})
        pid = engine.state(identity)["Pid"]
        for survives in (False, True):
            file.write_text(json.dumps({"live-restore": survives, "shutdown-timeout": 1, "default-shm-size": "1m"}))
            assert engine.process
            engine.process.send_signal(signal.SIGHUP)
            eventually(
                lambda: engine.get("/info")["LiveRestoreEnabled"] == json.loads(file.read_text())["live-restore"]
            )
            made = engine.create("true")
            assert engine.get(f"/containers/{made}/json")["HostConfig"]["ShmSize"] == 1 << 20
            engine.stop()
            assert alive(pid) == survives
            engine.start()
            eventually(lambda: engine.status(identity) == "running")
            assert (engine.state(identity)["Pid"] == pid) == survives
            pid = engine.state(identity)["Pid"]


def test_without_live_restore_nothing_outlives_a_daemon_that_is_killed(tmp_path: Path) -> None:
    with Daemon(tmp_path, "c", "--live-restore=false") as engine:
        ended = engine.run("sleep", "1000", StopSignal="SIGKILL")
        again = engine.run("sleep", "1000", StopSignal="SIGKILL", host={"RestartPolicy": {"Name": "always"}})
        pids = [engine.state(identity)["Pid"] for identity in (ended, again)]
        engine.kill()
        assert all(map(alive, pids))
        engine.start()
        assert not any(map(alive, pids))
        assert (engine.status(ended), engine.state(ended)["ExitCode"]) == ("exited", 137)
        eventually(lambda: engine.status(again) == "running")


def test_containers_that_start_with_the_daemon_run_when_it_answers(mortal: Daemon) -> None:
    host = {"RestartPolicy": {"Name": "always"}, "NetworkMode": "bridge"}
    identities = [mortal.run("sleep", "1000", name=f"linked{number}", host=host) for number in range(3)]
    leaning: list[dict[str, object]] = [{"Links": [f"linked{number}:x"]} for number in range(3)]
    leaning.append({"NetworkMode": f"container:{identities[0]}"})
    identities += [mortal.run("sleep", "1000", host={**host, **more}) for more in leaning]
    before = [mortal.state(identity)["Pid"] for identity in identities]

    def end() -> None:
        for pid in before:
            kill(pid)

    for _ in range(2):
        mortal.restart(end)
        after = [mortal.state(identity) for identity in identities]
        assert all(state["Running"] for state in after), after
        assert {state["Pid"] for state in after}.isdisjoint(before)
        before[:] = [state["Pid"] for state in after]
    mortal.sweep()
