"""kill -9 of the daemon at each step of each operation: it is done or not done, never half, and nothing is left over.

`test_steps` tries some of the steps.  All, or every n-th: ``python -m tests.kernel.daemon.steps N [OPERATION...]``.
"""

import contextlib
import http.client
import io
import json
import os
import shutil
import socket
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.engines import root_tar
from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import Daemon, eventually
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry
from tests.unit.imagestore.registry.made_images import make_image

#: how long what is left over may take to go, in seconds
PATIENCE = 30.0
_HOST = {
    "NetworkMode": "common",
    "PortBindings": {"80/tcp": [{"HostPort": ""}]},
    "IpcMode": "shareable",
    "Binds": ["data:/data"],
}


class DyingDaemon(Daemon):
    """A daemon that can be told at which step to die."""

    module = "tests.kernel.daemon.dying_daemon"

    def start(self) -> None:
        """Start it; it dies at no step unless it is told to."""
        os.environ["DYING_AT"] = str(self.root / "step")
        self.unarm()
        super().start()

    def arm(self, step: int) -> None:
        """Let it die at a step from now on; 0 for never, but count."""
        (self.root / "step.new").write_text(str(step))
        (self.root / "step.new").rename(self.root / "step")

    def unarm(self) -> None:
        """Let it live."""
        (self.root / "step").unlink(missing_ok=True)

    def seen(self) -> list[str]:
        """The steps since the last question."""
        with contextlib.suppress(FileNotFoundError):
            names = (self.root / "step.seen").read_text().splitlines()
            (self.root / "step.seen").unlink()
            return names
        return []


@dataclass
class Case:
    """An engine and what the operation is about."""

    engine: DyingDaemon
    registry: FaultyRegistry
    number: int
    facts: dict[str, Any] = field(default_factory=dict)

    def name(self, kind: str) -> str:
        """A name of this case's own."""
        return f"{kind}{self.number}"

    def container(self, *, start: bool = True, host: dict[str, Any] | None = None) -> str:
        """A container with everything."""
        identity = self.engine.create("sleep", "1000", name=self.name("c"), host={**_HOST, **(host or {})}, **_CONFIG)
        if start:
            self.engine.ok("POST", f"/containers/{identity}/start")
        self.facts["id"] = identity
        return identity

    def status(self) -> str:
        """The container's, "absent" where there is none."""
        status, shown = self.engine.call("GET", f"/containers/{self.name('c')}/json")
        return "absent" if status == 404 else str(shown["State"]["Status"])

    def has(self, path: str) -> bool:
        """Whether what `path` names is there."""
        return self.engine.call("GET", path)[0] == 200


_CONFIG: dict[str, Any] = {"ExposedPorts": {"80/tcp": {}}, "Volumes": {"/anonymous": {}}}


@dataclass(frozen=True)
class Operation:
    """`prepare` makes what it needs, `act` is one request, `outcome` what has become of it: one of `may`; the last of
    them where the request was answered."""

    prepare: Callable[[Case], Any]
    act: Callable[[Case], Any]
    outcome: Callable[[Case], Any]
    may: tuple[Any, ...]


def _post(path: str, body: Any = None) -> Callable[[Case], Any]:
    return lambda case: case.engine.ok("POST", path.format(id=case.facts.get("id"), n=case.number), body)


def _delete(path: str) -> Callable[[Case], Any]:
    return lambda case: case.engine.ok("DELETE", path.format(id=case.facts.get("id"), n=case.number))


def _archive(case: Case) -> bytes:
    made = make_image([{"made/a": b"x" * 100_000}, {f"made/{case.number}": b"y"}])
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        files = {digest.removeprefix("sha256:"): data for digest, data in made.blobs.items()}
        layers = [digest.removeprefix("sha256:") for digest in made.layer_digests]
        config = made.config_digest.removeprefix("sha256:")
        manifest = [{"Config": config, "RepoTags": [f"i{case.number}:latest"], "Layers": layers}]
        files["manifest.json"] = json.dumps(manifest).encode()
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _load(case: Case) -> None:
    said = case.engine.call("POST", "/images/load", case.facts["archive"], "application/x-tar")
    assert "Loaded image" in str(said), said


def _import(case: Case) -> None:
    path = f"/images/create?fromSrc=-&repo=i{case.number}"
    said = case.engine.call("POST", path, root_tar({}), "application/x-tar")
    assert "sha256" in str(said), said


def _pull(case: Case) -> None:
    said = case.engine.ok("POST", f"/images/create?fromImage={case.registry.host}/i{case.number}&tag=latest")
    assert b"Downloaded newer image" in said, said


def _push_out(case: Case) -> None:
    made = make_image([{"made/a": b"x" * 100_000}, {f"made/{case.number}": b"y"}])
    case.registry.add(f"i{case.number}", "latest", made)


def _image(case: Case) -> bool:
    return any(case.has(f"/images/{name}/json") for name in (f"i{case.number}", f"{case.registry.host}/i{case.number}"))


def _paused(case: Case) -> None:
    case.engine.ok("POST", f"/containers/{case.container()}/pause")


def _named(case: Case) -> str:
    return str(case.engine.get(f"/containers/{case.facts['id']}/json")["Name"])


def _networks(case: Case) -> bool:
    return "more" in case.engine.get(f"/containers/{case.facts['id']}/json")["NetworkSettings"]["Networks"]


def _change(case: Case, verb: str) -> None:
    case.engine.ok("POST", f"/networks/more/{verb}", {"Container": case.facts["id"]})


def _published(case: Case) -> bool:
    shown = case.engine.get(f"/containers/{case.facts['id']}/json")["NetworkSettings"]
    bound = shown["Ports"].get("80/tcp")
    assert bool(bound) == ("more" in shown["Networks"]), shown
    if bound:  # nobody else gets it
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", int(bound[0]["HostPort"]))):
            return False
    return bool(bound)


def _connected(case: Case) -> None:
    case.container()
    _change(case, "connect")


def _memory(case: Case) -> int:
    return int(case.engine.get(f"/containers/{case.facts['id']}/json")["HostConfig"]["Memory"])


def _exec(case: Case) -> None:
    case.facts["exec"] = case.engine.ok("POST", f"/containers/{case.container()}/exec", {"Cmd": ["sleep", "1"]})["Id"]


def _volume(case: Case) -> None:
    case.engine.ok("POST", "/volumes/create", {"Name": case.name("v")})


def _network(case: Case) -> None:
    case.engine.ok("POST", "/networks/create", {"Name": case.name("n")})


def _nothing(case: Case) -> None:
    """Needs nothing."""


def _exited(case: Case) -> str:
    while (status := case.status()) == "restarting":
        time.sleep(0.05)
    return status


def _stopped(case: Case) -> None:
    case.engine.ok("POST", f"/containers/{case.container()}/kill")


def _tagged(case: Case) -> None:
    case.facts["archive"] = _archive(case)
    _load(case)


def _tagged_beside_another(case: Case) -> None:
    case.container(start=False)
    _tagged(case)


def _archived(case: Case) -> None:
    case.facts["archive"] = _archive(case)


_TRANSIENT = {"AutoRemove": True}
_ALWAYS = {"RestartPolicy": {"Name": "always"}}
OPERATIONS = {
    "create": Operation(_nothing, lambda case: case.container(start=False), Case.status, ("absent", "created")),
    "start": Operation(lambda case: case.container(start=False), _post("/containers/{id}/start"), _exited,
                       ("created", "exited", "running")),
    "start again": Operation(_stopped, _post("/containers/{id}/start"), _exited, ("exited", "running")),
    "stop": Operation(Case.container, _post("/containers/{id}/stop?t=0"), Case.status, ("running", "exited")),
    "kill": Operation(lambda case: case.container(host=_ALWAYS), _post("/containers/{id}/kill"), _exited,
                      ("running", "exited")),
    "end": Operation(lambda case: case.container(host=_TRANSIENT), _post("/containers/{id}/kill"), Case.status,
                     ("running", "absent")),
    "restart": Operation(Case.container, _post("/containers/{id}/restart?t=0"), _exited, ("exited", "running")),
    "remove": Operation(Case.container, _delete("/containers/{id}?force=1&v=1"), Case.status,
                        ("running", "exited", "absent")),
    "pause": Operation(Case.container, _post("/containers/{id}/pause"), Case.status, ("running", "paused")),
    "unpause": Operation(_paused, _post("/containers/{id}/unpause"), Case.status, ("paused", "running")),
    "rename": Operation(Case.container, _post("/containers/{id}/rename?name=r{n}"), _named, ("/c{n}", "/r{n}")),
    "update": Operation(Case.container, _post("/containers/{id}/update", {"Memory": 64 << 20, "MemorySwap": 128 << 20}),
                        _memory, (0, 64 << 20)),
    "exec": Operation(_exec, lambda case: case.engine.ok("POST", f"/exec/{case.facts['exec']}/start", {"Detach": True}),
                      Case.status, ("running",)),
    "connect": Operation(Case.container, lambda case: _change(case, "connect"), _networks, (False, True)),
    "publish": Operation(lambda case: case.container(host={"NetworkMode": "inner"}),
                         lambda case: _change(case, "connect"), _published, (False, True)),
    "disconnect": Operation(_connected, lambda case: _change(case, "disconnect"), _networks, (True, False)),
    "commit": Operation(Case.container, _post("/commit?container={id}&repo=i{n}"), _image, (False, True)),
    "load": Operation(_archived, _load, _image, (False, True)),
    "import": Operation(_nothing, _import, _image, (False, True)),
    "pull": Operation(_push_out, _pull, _image, (False, True)),
    "tag": Operation(_nothing, _post("/images/box/tag?repo=i{n}"), _image, (False, True)),
    "remove image": Operation(_tagged, _delete("/images/i{n}"), _image, (True, False)),
    "create volume": Operation(_nothing, _volume, lambda case: case.has(f"/volumes/v{case.number}"), (False, True)),
    "remove volume": Operation(_volume, _delete("/volumes/v{n}"), lambda case: case.has(f"/volumes/v{case.number}"),
                               (True, False)),
    "create network": Operation(_nothing, _network, lambda case: case.has(f"/networks/n{case.number}"), (False, True)),
    "remove network": Operation(_network, _delete("/networks/n{n}"), lambda case: case.has(f"/networks/n{case.number}"),
                                (True, False)),
    "prune containers": Operation(_stopped, _post("/containers/prune"), Case.status, ("exited", "absent")),
    "prune volumes": Operation(_volume, _post('/volumes/prune?filters={{"all":["1"]}}'),
                               lambda case: case.has(f"/volumes/v{case.number}"), (True, False)),
    "prune networks": Operation(_network, _post("/networks/prune"),
                                lambda case: case.has(f"/networks/n{case.number}"), (True, False)),
    "prune images": Operation(_tagged_beside_another, _post('/images/prune?filters={{"dangling":["0"]}}'), _image,
                              (True, False)),
}  # fmt: skip


class Steps:
    """Tries operations on one engine."""

    def __init__(self, engine: DyingDaemon, registry: FaultyRegistry) -> None:
        self._engine = engine
        self._registry = registry
        self._number = 0
        for name in ("common", "more", "inner"):
            engine.ok("POST", "/networks/create", {"Name": name, "Internal": name == "inner"})

    def count(self, name: str) -> list[str]:
        """The steps of an operation that nothing disturbs."""
        operation, case = OPERATIONS[name], self._case()
        operation.prepare(case)
        self._engine.seen()
        self._engine.arm(0)
        operation.act(case)
        self._engine.unarm()
        seen = self._engine.seen()
        eventually(lambda: operation.outcome(case) == self._filled(operation.may[-1], case))
        self._clear()
        return seen

    def die(self, name: str, step: int) -> list[str]:
        """What is wrong after a death at that step of an operation."""
        operation, case = OPERATIONS[name], self._case()
        operation.prepare(case)
        self._engine.seen()
        self._engine.arm(step)
        answered = True
        try:
            operation.act(case)
        except (OSError, http.client.HTTPException, AssertionError):
            answered = False
        process = self._engine.process
        assert process
        if answered or process.poll() is None:
            time.sleep(0.2)
            process.kill()
        process.wait()
        self._engine.start()
        steps = self._engine.seen()
        told = []
        found = operation.outcome(case)
        may = [self._filled(one, case) for one in operation.may]
        if found not in (may[-1:] if answered else may):
            told.append(f"it is {found}, not {may} (answered: {answered})")
        told += self._look()
        self._clear()
        told += [f"after all was removed: {one}" for one in self._look()]
        return [f"{name}, step {step} ({steps[-1] if steps else '-'}): {one}" for one in told]

    def fail(self, name: str, failing: contextlib.AbstractContextManager[Any], reason: str) -> list[str]:
        """What is wrong after an operation that `failing` lets fail, if anything does, and after the next one."""
        operation, case = OPERATIONS[name], self._case()
        operation.prepare(case)
        said, answer = len(self._engine.log()), ""
        with failing:
            try:
                operation.act(case)
            except AssertionError as error:
                answer = str(error)
        may = [self._filled(one, case) for one in operation.may]
        may = may[:-1] if answer else may[-1:]
        told = [] if self._within(lambda: operation.outcome(case) in may) else [f"{operation.outcome(case)}: {answer}"]
        if answer and reason not in answer:
            told.append(answer)
        told += [line for line in self._engine.log()[said:].splitlines() if "Traceback" in line]
        told += self._look()
        again = self._case()
        operation.prepare(again)
        operation.act(again)
        self._clear()
        told += [f"after all was removed: {one}" for one in self._look()]
        return [f"{name}: {one}" for one in told]

    @staticmethod
    def _within(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _case(self) -> Case:
        self._number += 1
        return Case(self._engine, self._registry, self._number)

    @staticmethod
    def _filled(text: Any, case: Case) -> Any:
        return text.format(n=case.number) if isinstance(text, str) else text

    def _look(self) -> list[str]:
        return [] if self._within(lambda: not leftovers.find(self._engine)) else leftovers.find(self._engine)

    def _clear(self) -> None:
        engine = self._engine
        engine.sweep()
        for one in engine.get("/volumes")["Volumes"] or ():
            engine.ok("DELETE", f"/volumes/{one['Name']}")
        for one in engine.get("/networks"):
            if one["Name"].startswith("n") and one["Name"] != "none":
                engine.ok("DELETE", f"/networks/{one['Id']}")
        for one in engine.get("/images/json"):
            if one["RepoTags"] != ["box:latest"]:
                for name in one["RepoTags"] or [one["Id"]]:
                    if name != "box:latest":
                        engine.ok("DELETE", f"/images/{name}?force=1")


@contextlib.contextmanager
def trials(root: Path) -> Iterator[Steps]:
    """An engine to try operations on."""
    engine = DyingDaemon(root, "w", "--default-address-pool", "base=198.18.0.0/18,size=26")
    with FaultyRegistry() as registry, engine:
        yield Steps(engine, registry)


def main() -> None:
    """Every n-th step of the operations that are named, or of all."""
    every = int(sys.argv[1])
    root = Path(tempfile.mkdtemp(prefix="steps-"))
    with trials(root) as steps:
        for name in sys.argv[2:] or OPERATIONS:
            seen = steps.count(name)
            print(f"{name}: {len(seen)} steps", flush=True)
            for step in range(1 + len(name) % every, len(seen) + 1, every):
                for told in steps.die(name, step):
                    print(f"  {told}", flush=True)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
