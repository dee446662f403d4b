"""What a daemon has on disk and in the kernel that its index does not name: the crash tests want none of it."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydock.runtime.cgroups.layout import detect
from tests import engine_traces, index_copy
from tests.kernel.daemon.daemon_process import Daemon

#: what a container that does not run may leave in its bundle
_STOPPED = {"config.json", "exit.json", "shim.pid"}


def find(engine: Daemon) -> list[str]:
    """Everything that is too much, and what is missing, in words."""
    with index_copy.opened(engine.root / "data/pydock.db") as index:
        everything = {row[0]: json.loads(row[1]) for row in index.execute("SELECT id, record FROM containers")}
        running = {key for key, record in everything.items() if record["state"]["status"] in ("running", "paused")}
        return [
            *_on_disk(engine.root / "data", index, set(everything)),
            *_in_exec_root(engine, set(everything), running),
            *_mounts(engine, {key: everything[key] for key in running}),
            *_groups(engine, running),
            *_links(engine, index, {key: everything[key] for key in running}),
            *_rules(engine, {key: everything[key] for key in running}),
            *_processes(engine, running),
        ]


def table(engine: Daemon) -> str:
    """The name of the daemon's table in the packet filter."""
    return engine_traces.table(str(engine.root / "exec"))


def processes(engine: Daemon) -> dict[int, str]:
    """The engine's own processes: names by number."""
    own = str(engine.root / "exec")
    found = {pid: engine_traces.name_of(pid) for pid, root in engine_traces.processes().items() if root == own}
    return {pid: name for pid, name in found.items() if name}


def _differ(what: str, found: Iterable[str], wanted: Iterable[str], missing: bool = True) -> list[str]:
    found, wanted = set(found), set(wanted)
    told = [f"{what}: {name} is left over" for name in sorted(found - wanted)]
    return told + ([f"{what}: {name} is missing" for name in sorted(wanted - found)] if missing else [])


def _on_disk(data: Path, index: sqlite3.Connection, containers: set[str]) -> list[str]:
    def column(query: str) -> list[str]:
        return [row[0] for row in index.execute(query)]

    layers = [
        *column("SELECT cache_id FROM layers"),
        *column("SELECT cache_id FROM snapshots"),
        *column("SELECT cache_id FROM inits"),
    ]
    blobs = [one.removeprefix("sha256:") for one in column("SELECT digest FROM layer_blobs")]
    return [
        *_differ("overlay2", _names(data / "overlay2"), [*layers, "l"], missing=False),
        *_differ("overlay2", [*layers], _names(data / "overlay2"), missing=False),
        *_differ("snapshots", column("SELECT key FROM snapshots"), containers),
        *_differ("blobs", _names(data / "blobs/sha256"), blobs),
        *_differ("tmp", _names(data / "tmp"), []),
        *_differ("containers", _names(data / "containers"), containers),
        *_differ("volumes", _names(data / "volumes"), column("SELECT name FROM volumes")),
    ]


def _in_exec_root(engine: Daemon, containers: set[str], running: set[str]) -> list[str]:
    root = engine.root / "exec"
    told = _differ("bundles", _names(root / "containers"), containers, missing=False)
    for identity in containers - running:
        names = [name for name in _names(root / "containers" / identity) if not name.startswith("exec-")]
        told += _differ(f"bundle of {identity[:12]}", names, _STOPPED, missing=False)
    told += _differ("volumes pinned", _names(root / "volumes"), running, missing=False)
    told += _differ("shm", _names(root / "shm"), running, missing=False)
    keys = [name for name in _names(root / "netns") if name != "default" and not (root / "netns" / name).exists()]
    return told + [f"netns: {name} is left over" for name in keys]


def _mounts(engine: Daemon, running: dict[str, Any]) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    roots = (f"{engine.root}/data", f"{engine.root}/exec")  # the tests' own where they are mounts
    ours = [point for point in points if point.startswith(f"{engine.root}/") and point not in roots]
    shared = [str(engine.root / "exec/shm" / key) for key, one in running.items() if _shares(one)]
    return [
        *_differ("mounts", ours, shared),
        *(f"mounts: {point} is there twice" for point in set(ours) if ours.count(point) > 1),
    ]


def links(engine: Daemon) -> list[str]:
    """The names of the links that the engine has made."""
    return [link["ifname"] for link in engine_traces.links() if link.get("ifalias") == table(engine)]


def groups(path: str) -> set[str]:
    """The control groups below `path`, in whichever hierarchy."""
    return {name for mountpoint in detect().mountpoints() for name in _directories(Path(mountpoint + path))}


def _groups(engine: Daemon, running: set[str]) -> list[str]:
    told = []
    for mountpoint in detect().mountpoints():
        told += _differ(f"cgroups of {mountpoint}", _directories(Path(mountpoint + engine.cgroups)), running, False)
    return told


def _links(engine: Daemon, index: sqlite3.Connection, running: dict[str, Any]) -> list[str]:
    records = [json.loads(row[0]) for row in index.execute("SELECT record FROM networks")]
    bridges = {engine.bridge: "bridge"}
    for record in records:
        if record["driver"] == "bridge" and record["name"] != "bridge":
            bridges[f"br-{record['id'][:12]}"] = record["name"]
    told = _differ("links", links(engine), bridges)
    for bridge, name in bridges.items():
        ports = [link["ifname"] for link in engine_traces.links() if link.get("master") == bridge]
        wanted = [key for key, one in running.items() if name in one["endpoints"]]
        if len(ports) != len(wanted):
            told.append(f"bridge {name}: has ports {ports} for {[key[:12] for key in wanted]}")
    return told


def _rules(engine: Daemon, running: dict[str, Any]) -> list[str]:
    listed = subprocess.run(["nft", "-j", "list", "table", "inet", table(engine)], capture_output=True)
    if listed.returncode:
        return ["rules: the table is missing"]
    text = listed.stdout.decode()
    told = []
    addresses = {
        endpoint["ip_address"] for one in running.values() for endpoint in one["endpoints"].values()
        if endpoint.get("ip_address")
    }  # fmt: skip
    for entry in json.loads(text)["nftables"]:
        for kind in ("rule", "map", "set", "element"):
            if kind in entry:
                told += [
                    f"rules: {address} is left over"
                    for address in _addresses(entry[kind])
                    if address.startswith("198.19.") and not address.endswith(".1") and address not in addresses
                ]
    return told


def _addresses(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if "prefix" in value:
            return
        for one in value.values():
            yield from _addresses(one)
    elif isinstance(value, list):
        for one in value:
            yield from _addresses(one)
    elif isinstance(value, str) and value.count(".") == 3:
        yield value


def _processes(engine: Daemon, running: set[str]) -> list[str]:
    names = list(processes(engine).values())
    told = []
    for name, most in (("pydock-shim", len(running)), ("pydock-zygote", 1), ("pydock-dns", 1)):
        if names.count(name) > most:
            told.append(f"processes: {names.count(name)} of {name}, not {most}")
    unknown = set(names) - {"pydock-shim", "pydock-zygote", "pydock-dns", "python", "pydock-job"}
    return told + [f"processes: {name}" for name in unknown]


def _shares(record: Any) -> bool:
    return bool(record["host_config"].get("IpcMode") == "shareable")


def _names(path: Path) -> list[str]:
    return os.listdir(path) if path.is_dir() else []


def _directories(path: Path) -> list[str]:
    return [one.name for one in path.iterdir() if one.is_dir()] if path.is_dir() else []
