"""Cases of containers' lives: from the shell, over the API, ten at once, exec, lists, memory."""

import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.api import Api
from benchmarks.engines import Engine
from benchmarks.images import SMALL
from benchmarks.measure import Case

STOPPED, MEMORY = 100, 20


def cycle(api: Api, network: str) -> None:
    """A container's whole life."""
    body = {"Image": SMALL, "Cmd": ["true"], "HostConfig": {"NetworkMode": network}}
    identity = api.call("POST", "/containers/create", body)["Id"]
    api.call("POST", f"/containers/{identity}/start")
    api.call("POST", f"/containers/{identity}/wait")
    api.call("DELETE", f"/containers/{identity}")


def _clock_cycle(network: str) -> Case:
    def run(engine: Engine) -> float:
        begin = time.perf_counter()
        cycle(engine.api, network)
        return time.perf_counter() - begin

    title = "API: create, start, wait, remove" + ("" if network == "bridge" else ", no network")
    return Case(f"api-{network}", title, 0.15 if network == "bridge" else 0.12, run, rounds=15)


def _ten_at_once(engine: Engine) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(cycle, Api(engine.socket), "bridge") for _ in range(10)]:
            done.result()
    return time.perf_counter() - begin


def sleeper(name: str, **host: object) -> dict[str, object]:
    """A create request for a container that stays."""
    return {"Image": SMALL, "Cmd": ["sleep", "100000"], "HostConfig": host, "Labels": {"bench": name}}


def start(engine: Engine, name: str, body: Mapping[str, object]) -> str:
    """Create and start a container; its ID."""
    identity = str(engine.api.call("POST", "/containers/create", body, name=name)["Id"])
    engine.api.call("POST", f"/containers/{identity}/start")
    return identity


def remove(engine: Engine, name: str) -> None:
    """Remove a container, running or not."""
    engine.api.call("DELETE", f"/containers/{name}", force=1)


def _exec(engine: Engine) -> float:
    begin = time.perf_counter()
    body = {"Cmd": ["true"], "AttachStdout": True}
    identity = engine.api.call("POST", "/containers/bench-exec/exec", body)["Id"]
    with engine.api.upgraded(f"/exec/{identity}/start") as stream:
        while stream.recv(1000):
            pass
    assert engine.api.call("GET", f"/exec/{identity}/json")["ExitCode"] == 0
    return time.perf_counter() - begin


def _many(engine: Engine) -> None:
    for number in range(STOPPED):
        engine.api.call("POST", "/containers/create", sleeper("stopped"), name=f"bench-stopped-{number}")


def _fewer(engine: Engine) -> None:
    for number in range(STOPPED):
        remove(engine, f"bench-stopped-{number}")


def _list(engine: Engine) -> float:
    begin = time.perf_counter()
    assert len(engine.api.call("GET", "/containers/json", all=1)) >= STOPPED
    return time.perf_counter() - begin


def _memory(engine: Engine) -> float:
    """What one more running container adds to the engine, in MiB: itself not counted."""
    before = _share(engine)
    names = [start(engine, f"bench-memory-{number}", sleeper("memory")) for number in range(MEMORY)]
    time.sleep(1)
    after = _share(engine)
    for name in names:
        remove(engine, name)
    return (after - before) / MEMORY


def _share(engine: Engine) -> float:
    """The proportional set size of the daemon and whatever it has below it, in MiB, without containers' processes."""
    return sum(_pss(pid) for pid in _processes(engine)) / 1024


def _processes(engine: Engine) -> list[str]:
    """The engine's own processes: its daemon, its shims, what descends from them.

    pydock's resolver has no part in it: no case that measures memory has a network of a user's.
    """
    parents, own = {}, set()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                words = (path / "cmdline").read_bytes().replace(b"\0", b" ")
                parents[path.name] = (path / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if b"sleep 100000" not in words:
                own.add(path.name)
    family, grew = {str(engine.pid)}, True
    if engine.name == "docker":
        family |= {pid for pid in own if _name(pid).startswith("containerd-shim")}
    elif engine.exec_root:
        family |= {str(json.loads(file.read_text())["pid"]) for file in engine.exec_root.glob("containers/*/shim.pid")}
    while grew:
        found = {pid for pid, parent in parents.items() if parent in family and pid in own} - family
        grew = bool(found)
        family |= found
    return sorted(family)


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _pss(pid: str) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


CASES = (
    Case(
        "run", "`run --rm IMAGE true` from the shell", 0.35, lambda e: e.clock("run", "--rm", SMALL, "true"), rounds=15
    ),
    _clock_cycle("bridge"),
    _clock_cycle("none"),
    Case("ten", "the same, 10 at once", 0.2, _ten_at_once),
    Case(
        "exec",
        "`exec` of `true` over the API",
        0.3,
        _exec,
        rounds=20,
        prepare=lambda e: void(start(e, "bench-exec", sleeper("exec"))),
        clean=lambda e: remove(e, "bench-exec"),
    ),
    Case("list", "100 stopped: `GET /containers/json`", 1.0, _list, rounds=20, prepare=_many, clean=_fewer),
    Case("ps", "`ps` as a whole process", 2.5, lambda e: e.clock("ps"), rounds=15),
    Case("version", "`version` as a whole process", 2.5, lambda e: e.clock("version"), rounds=15),
    Case("memory", "memory (PSS) a running container adds", 0.4, _memory, rounds=2, unit="MiB"),
    Case("idle", "memory (PSS) of the idle engine", 0.5, _share, rounds=3, unit="MiB"),
)


def void(value: object) -> None:
    """Drop a value."""
