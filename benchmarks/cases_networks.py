"""Cases of networks: published ports, container to container, creation and removal of networks."""

import contextlib
import socket
import statistics
import time

from benchmarks.cases_containers import remove, start
from benchmarks.engines import Engine
from benchmarks.images import SMALL
from benchmarks.measure import Case

BYTES = 500 << 20
PAIRS, CROWD = 9, 100
#: each connection gets its zeros, written straight to the socket: nc's own loop has a buffer of 1 KiB
SERVER = ["nc", "-ll", "-p", "80", "-e", "dd", "if=/dev/zero", "bs=1M", f"count={BYTES >> 20}"]


def _server(engine: Engine) -> None:
    body = {
        "Image": SMALL,
        "Cmd": SERVER,
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": ""}]}},
    }
    start(engine, "bench-server", body)


def _port(engine: Engine) -> int:
    settings = engine.api.call("GET", "/containers/bench-server/json")["NetworkSettings"]
    return int(settings["Ports"]["80/tcp"][0]["HostPort"])


def _receive(host: str, port: int) -> float:
    """Seconds for all bytes; the server may need a moment to listen, and a proxy accepts before it does."""
    buffer = bytearray(1 << 20)
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        begin, total = time.perf_counter(), 0
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=30) as client:
            while total < BYTES and (count := client.recv_into(buffer)):
                total += count
        if total >= BYTES:
            return time.perf_counter() - begin
        time.sleep(0.05)
    raise RuntimeError(f"{host}:{port} does not answer")


def _by_loopback(engine: Engine) -> float:
    return _receive("127.0.0.1", _port(engine))


def _by_gateway(engine: Engine) -> float:
    """By an address of the host that is not loopback: the bridge's own."""
    settings = engine.api.call("GET", "/containers/bench-server/json")["NetworkSettings"]
    return _receive(settings["Networks"]["bridge"]["Gateway"], _port(engine))


def _pair(engine: Engine) -> None:
    _server(engine)
    start(engine, "bench-client", {"Image": SMALL, "Cmd": ["sleep", "100000"]})


def _no_pair(engine: Engine) -> None:
    remove(engine, "bench-server")
    remove(engine, "bench-client")


def _between(engine: Engine) -> float:
    address = engine.api.call("GET", "/containers/bench-server/json")["NetworkSettings"]["Networks"]["bridge"][
        "IPAddress"
    ]
    script = f"nc {address} 80 -e dd of=/dev/null bs=1M iflag=fullblock 2>&1 | grep -q '^{BYTES >> 20}+0 records in'"
    body = {"Cmd": ["sh", "-c", script], "AttachStdout": True}
    identity = engine.api.call("POST", "/containers/bench-client/exec", body)["Id"]
    begin = time.perf_counter()
    with engine.api.upgraded(f"/exec/{identity}/start") as stream:
        while stream.recv(1000):
            pass
    spent = time.perf_counter() - begin
    if engine.api.call("GET", f"/exec/{identity}/json")["ExitCode"]:
        raise RuntimeError(f"{address} does not answer")
    return spent


def _network(engine: Engine) -> float:
    begin = time.perf_counter()
    identity = engine.api.call("POST", "/networks/create", {"Name": "bench-network"})["Id"]
    engine.api.call("DELETE", f"/networks/{identity}")
    return time.perf_counter() - begin


def _no_server(engine: Engine) -> None:
    remove(engine, "bench-server")


def _bridge_share(engine: Engine) -> float:
    """How much longer a start takes with the default bridge than without a network, the median of pairs."""
    return statistics.median(_start(engine, "bridge") - _start(engine, "none") for _ in range(PAIRS))


def _start(engine: Engine, network: str) -> float:
    body = {"Image": SMALL, "Cmd": ["sleep", "100000"], "HostConfig": {"NetworkMode": network}}
    identity = engine.api.call("POST", "/containers/create", body)["Id"]
    begin = time.perf_counter()
    engine.api.call("POST", f"/containers/{identity}/start")
    spent = time.perf_counter() - begin
    remove(engine, identity)
    return spent


_empty: dict[str, float] = {}


def _crowd(engine: Engine) -> None:
    _empty[engine.name] = statistics.median(_start(engine, "bridge") for _ in range(PAIRS))
    for number in range(CROWD):
        start(engine, f"bench-crowd-{number}", {"Image": SMALL, "Cmd": ["sleep", "100000"]})


def _no_crowd(engine: Engine) -> None:
    for number in range(CROWD):
        remove(engine, f"bench-crowd-{number}")


def _in_crowd(engine: Engine) -> float:
    """A start beside 100 containers on the network, by one on the empty network."""
    return statistics.median(_start(engine, "bridge") for _ in range(PAIRS)) / _empty[engine.name]


CASES = (
    Case(
        "port-loopback", "published port by 127.0.0.1, 500 MB", 0.6, _by_loopback, 5, prepare=_server, clean=_no_server
    ),
    Case(
        "port-host", "published port by a host address, 500 MB", 1.0, _by_gateway, 5, prepare=_server, clean=_no_server
    ),
    Case("containers", "container to container, 500 MB", 1.0, _between, 5, prepare=_pair, clean=_no_pair),
    Case("network", "`network create` and `rm`", 0.2, _network, rounds=10),
    Case("bridge", "what the default bridge adds to a start", 0.0, _bridge_share, 3, limit=0.01),
    Case(
        "crowd",
        "a start beside 100 containers on the network, by one alone",
        0.0,
        _in_crowd,
        2,
        "times",
        1.5,
        prepare=_crowd,
        clean=_no_crowd,
    ),
)
