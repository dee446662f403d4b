"""Containers that take what they can get: the engine goes on answering, and limits hold what is run in them too."""

import subprocess

from tests.kernel.daemon.daemon_process import PATIENCE, Daemon, eventually

BOMB = "bomb() { bomb | bomb & }; bomb; sleep 1000"


def test_the_engine_answers_beside_a_fork_bomb(engine: Daemon) -> None:
    bomb = engine.run("sh", "-c", BOMB, host={"PidsLimit": 60})
    assert engine.wait(engine.run("true")) == 0
    code, output = engine.execute(bomb, "sh", "-c", "sh -c 'sh -c id'; :")
    assert code == 0 or b"fork" in output
    assert len(engine.get(f"/containers/{bomb}/top")["Processes"]) <= 61
    engine.ok("DELETE", f"/containers/{bomb}?force=1")


def test_there_is_room_for_an_exec_where_there_is_for_one_process(engine: Daemon) -> None:
    full = engine.run("sleep", "1000", host={"PidsLimit": 2})
    for _ in range(3):
        assert engine.execute(full, "true") == (0, b"")
    assert engine.execute(full, "cat", "/proc/self/cgroup") == engine.execute(full, "cat", "/proc/1/cgroup")


def test_too_much_memory_ends_the_container_or_what_is_run_in_it(engine: Daemon) -> None:
    much = ("sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M count=1")
    limited = {"Memory": 10 << 20, "MemorySwap": 10 << 20}
    ended = engine.run(*much, host=limited)
    assert engine.wait(ended) == 137
    assert engine.state(ended)["OOMKilled"]
    patient = engine.run("sleep", "1000", host=limited)
    assert engine.execute(patient, *much)[0] == 137
    assert engine.status(patient) == "running"


def test_a_log_without_end_is_rotated(engine: Daemon) -> None:
    log = {"Type": "json-file", "Config": {"max-size": "20k", "max-file": "2"}}
    flood = engine.run("sh", "-c", "head -c 20000 /dev/zero | tr '\\0' '\\n'; echo end", host={"LogConfig": log})
    assert engine.wait(flood) == 0
    files = list((engine.root / "data/containers" / flood).glob("*-json.log*"))
    assert len(files) == 2
    assert sum(file.stat().st_size for file in files) < 100_000
    assert engine.logs(flood).endswith(b"end\n")


def test_an_interface_with_a_strange_name_hides_nobody_s_statistics(engine: Daemon) -> None:
    rename = "busybox ip link set eth0 down && busybox ip link set eth0 name $(printf 'e\\303\\251\\377') && sleep 1000"
    strange = engine.run("sh", "-c", rename, host={"CapAdd": ["NET_ADMIN"], "NetworkMode": "bridge"})

    def named() -> bool:
        networks = engine.get(f"/containers/{strange}/stats?stream=0&one-shot=1").get("networks", {})
        return list(networks) == ["eé\ufffd"]

    eventually(named)
    engine.ok("DELETE", f"/containers/{strange}?force=1")


def test_an_exec_shows_the_container_nothing_of_the_host_on_its_way_in(engine: Daemon) -> None:
    """By the links of a process that is in its pid namespace, and not yet in its root, it could read and write all."""
    mark = engine.root / "of-the-host"
    mark.touch()
    script = f"""
        while :; do
            for process in /proc/[0-9]*; do
                for link in root cwd; do [ ! -e $process/$link{mark} ] || echo "$process shows the host"; done
            done
        done"""
    watching = engine.shell(script, host={"CapAdd": ["SYS_PTRACE"]})
    for _ in range(60):
        assert engine.execute(watching, "true") == (0, b"")
    assert engine.logs(watching) == b""
    # that it would see it: a process that joins its namespaces the other way about
    pid = engine.state(watching)["Pid"]
    entered = subprocess.Popen(["nsenter", "-p", "-t", str(pid), "sleep", "1000"])
    try:
        eventually(lambda: b"shows the host" in engine.logs(watching))
    finally:
        engine.call("DELETE", f"/containers/{watching}?force=1")  # the end of its pid namespace is the sleep's, too
        entered.wait(PATIENCE)
