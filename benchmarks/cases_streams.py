"""Cases of bulk bytes: output of run, attach, logs, cp."""

import io
import os
import tarfile
import time

from benchmarks.cases_containers import remove, sleeper, start, void
from benchmarks.engines import Engine
from benchmarks.images import SMALL
from benchmarks.measure import Case

MIB = 1 << 20
ATTACHED, COPIED, LOGGED = 1000 * MIB, 100 * MIB, 50 * MIB
LINE = "x" * 99


def _wait_for_end(engine: Engine, command: list[str], driver: str) -> float:
    body = {"Image": SMALL, "Cmd": command, "HostConfig": {"NetworkMode": "none", "LogConfig": {"Type": driver}}}
    identity = engine.api.call("POST", "/containers/create", body)["Id"]
    begin = time.perf_counter()
    engine.api.call("POST", f"/containers/{identity}/start")
    engine.api.call("POST", f"/containers/{identity}/wait")
    spent = time.perf_counter() - begin
    remove(engine, identity)
    return spent


def _lines(size: int) -> list[str]:
    return ["sh", "-c", f"yes {LINE} | head -c {size}"]


def _log(engine: Engine) -> float:
    return _wait_for_end(engine, _lines(200 * MIB), "json-file")


def _run(engine: Engine) -> float:
    return engine.clock("run", "--rm", "--log-driver", "none", SMALL, "dd", "if=/dev/zero", "bs=1M", "count=200")


def _attach(engine: Engine) -> float:
    command = ["dd", "if=/dev/zero", "bs=1M", f"count={ATTACHED // MIB}"]
    host = {"NetworkMode": "none", "LogConfig": {"Type": "none"}}
    identity = engine.api.call("POST", "/containers/create", {"Image": SMALL, "Cmd": command, "HostConfig": host})["Id"]
    with engine.api.upgraded(f"/containers/{identity}/attach", stream=1, stdout=1) as stream:
        begin = time.perf_counter()
        engine.api.call("POST", f"/containers/{identity}/start")
        buffer = bytearray(MIB)
        total = 0
        while count := stream.recv_into(buffer):
            total += count
        spent = time.perf_counter() - begin
    remove(engine, identity)
    assert total >= ATTACHED, f"{total} bytes came"
    return spent


def _logged(engine: Engine) -> None:
    body = {"Image": SMALL, "Cmd": _lines(LOGGED), "HostConfig": {"NetworkMode": "none"}}
    start(engine, "bench-logs", body)
    engine.api.call("POST", "/containers/bench-logs/wait")


def _logs(engine: Engine) -> float:
    begin = time.perf_counter()
    assert engine.api.drain("GET", "/containers/bench-logs/logs", stdout=1, stderr=1) >= LOGGED
    return time.perf_counter() - begin


def _archive() -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("copied")
        member.size = COPIED
        tar.addfile(member, io.BytesIO(os.urandom(MIB) * (COPIED // MIB)))
    archive.seek(0)
    return archive


def _copy_in(engine: Engine) -> float:
    archive = _archive()
    begin = time.perf_counter()
    engine.api.drain("PUT", "/containers/bench-cp/archive", archive, path="/tmp")
    return time.perf_counter() - begin


def _copy_out(engine: Engine) -> float:
    begin = time.perf_counter()
    assert engine.api.drain("GET", "/containers/bench-cp/archive", path="/tmp/copied") >= COPIED
    return time.perf_counter() - begin


def _copied(engine: Engine) -> None:
    start(engine, "bench-cp", sleeper("cp"))
    _copy_in(engine)


CASES = (
    Case("output", "output of `run`, 200 MB", 1.0, _run, rounds=3),
    Case("attach", "attach, 1 GB", 0.5, _attach, rounds=3),
    Case("log", "json-file log, 200 MB of 100-byte lines written", 0.3, _log, rounds=3),
    Case("logs", "`logs`, 50 MB", 0.8, _logs, prepare=_logged, clean=lambda e: remove(e, "bench-logs")),
    Case(
        "cp-in",
        "`cp` in, 100 MB",
        1.0,
        _copy_in,
        prepare=lambda e: void(start(e, "bench-cp", sleeper("cp"))),
        clean=lambda e: remove(e, "bench-cp"),
    ),
    Case("cp-out", "`cp` out, 100 MB", 1.0, _copy_out, prepare=_copied, clean=lambda e: remove(e, "bench-cp")),
)
