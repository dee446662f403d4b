"""Users who do things at random while processes of the engine are killed at random; what they were told must hold.

Each owns what it makes and notes in which states a thing may be: one state once an answer came, more while none did.
`storm` sets them on a daemon.
"""

import contextlib
import http.client
import io
import json
import random
import re
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.kernel.daemon.daemon_process import IMAGE, Daemon, alive
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry
from tests.unit.imagestore.registry.made_images import MadeImage, make_image

ABSENT = "absent"
#: how long what a policy starts may take to be there, in seconds
_PATIENCE = 30.0
#: counts in its log, ends with 3 when it is told to
_WORK = (
    "trap 'exit 3' TERM; {extra} i=0; "
    "while :; do i=$((i+1)); echo line $i; sleep 0.02; done"
)  # fmt: skip
_SERVE = "nc -ll -p 80 -e /bin/hostname & "


class Surroundings(Protocol):
    """What users know of the storm."""

    engine: Daemon
    registry: FaultyRegistry
    seed: int
    #: what must not be
    problems: list[str]

    def complain(self, said: str) -> None:
        """The engine said that something went wrong: a problem unless a process of its own was just killed."""

    def after(self, work: Callable[[], None]) -> None:
        """Do `work` when the daemon is back, before anything is checked."""


class Lost(Exception):
    """No answer came: the daemon is gone, or has lost a process that it needed."""


@dataclass(eq=False)
class Thing:
    """Something that a user has made, and the states that it may be in."""

    name: str
    allowed: set[str]
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The state, where it is certain."""
        return next(iter(self.allowed)) if len(self.allowed) == 1 else ""

    @contextlib.contextmanager
    def becoming(self, told: str, *between: str) -> Iterator[None]:
        """While the block runs it may be as it was, or `between`, or as it is `told`; then it is that."""
        before = set(self.allowed)
        self.allowed = before | {told, *between}
        yield
        self.allowed = {told}


class User:
    """One who does things, one after the other."""

    kind = ""

    def __init__(self, storm: Surroundings, number: int) -> None:
        self.storm = storm
        self.engine = storm.engine
        self.random = random.Random(f"{storm.seed}-{self.kind}-{number}")
        self.prefix = f"{self.kind}{number}-"
        self.things: list[Thing] = []
        self._made = 0

    def act(self) -> None:
        """Do one thing; Lost where no answer came."""
        raise NotImplementedError

    def check(self) -> list[str]:
        """What is not as it was told to be; what is found is certain from then on."""
        told = []
        for thing in self.things:
            found = self.look(thing)
            if found not in thing.allowed:
                told.append(f"{thing.kind} {thing.name} is {found}, not {sorted(thing.allowed)}: {thing.facts}")
            thing.allowed = {found}
            told += self.examine(thing, found)
        self.things = [thing for thing in self.things if thing.state != ABSENT]
        return told

    def look(self, thing: Thing) -> str:
        """The state that a thing is in."""
        raise NotImplementedError

    def examine(self, thing: Thing, state: str) -> list[str]:
        """What else is wrong with it."""
        return []

    def make(self, state: str, **facts: Any) -> Thing:
        """A new thing, of which it is not certain that it is there."""
        self._made += 1
        thing = Thing(f"{self.prefix}{self._made}", {ABSENT, state}, self.kind, facts)
        self.things.append(thing)
        return thing

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """A request that is answered, or Lost."""
        try:
            status, value = self.engine.call(method, path, body, kind)
        except (OSError, http.client.HTTPException) as error:
            raise Lost(path) from error
        if status >= 400:
            self.storm.complain(f"{method} {path}: {status} {value}")
            raise Lost(path)
        return value


class Containers(User):
    """Makes containers of all kinds, starts, stops, removes them."""

    kind = "c"
    shown: Any = None

    def act(self) -> None:
        certain = [thing for thing in self.things if thing.state not in ("", ABSENT)]
        if len(certain) < 3 or (self.random.random() < 0.15 and len(certain) < 6):
            self._create()
            return
        thing = self.random.choice(certain)
        acts: dict[str, list[Callable[[Thing], None]]] = {
            "created": [self._start, self._start, self._start, self._remove],
            "exited": [self._start, self._start, self._remove, self._commit, self._rename],
            "running": [self._stop, self._stop, self._kill, self._exec, self._exec, self._pause, self._commit,
                        self._restart, self._remove, self._connect, self._rename, self._read],
            "paused": [self._unpause, self._unpause, self._remove],
        }  # fmt: skip
        self.random.choice(acts[thing.state])(thing)

    def look(self, thing: Thing) -> str:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            status, value = self.engine.call("GET", f"/containers/{thing.name}/json")
            found = ABSENT if status == 404 else str(value["State"]["Status"])
            if found in thing.allowed:
                break
            if found != "restarting" and not (thing.facts.get("always") and "running" in thing.allowed):
                break
            time.sleep(0.05)
        self.shown = value
        return found

    def examine(self, thing: Thing, state: str) -> list[str]:
        if state == ABSENT:
            return []
        shown, told = self.shown, []
        name, pid = thing.name, shown["State"]["Pid"]
        if (state in ("running", "paused")) != bool(pid and alive(pid)):
            told.append(f"{name} is {state} with pid {pid}")
        code = shown["State"]["ExitCode"]
        if state == "exited" and thing.facts.get("code") not in (None, code):
            told.append(f"{name} ended with {code}, not {thing.facts['code']}")
        thing.facts["code"] = None
        networks = set(shown["NetworkSettings"]["Networks"])
        if networks not in (thing.facts["networks"], thing.facts.get("maybe")):
            told.append(f"{name} is on {networks}, not on {thing.facts['networks']}")
        thing.facts["networks"] = networks
        told += [f"{name}: {problem}" for problem in self._lines(thing)]
        if state == "running":
            code, out = self.engine.execute(shown["Id"], "echo", "hi")
            if (code, out) != (0, b"hi\n"):
                told.append(f"{name}: an exec gave {code} {out!r}")
            for execution, pid in thing.facts["execs"]:
                found = self.engine.call("GET", f"/exec/{execution}/json")
                if found[0] != 200 or (found[1]["Running"], found[1]["Pid"]) != (True, pid):
                    told.append(f"{name}: its exec with pid {pid} is {found}")
            if "common" in networks and self.random.random() < 0.3:
                told += self._look_up(shown)
            if thing.facts["port"]:
                told += self._visit(thing, shown)
        else:
            thing.facts["execs"] = []
        return told

    def _look_up(self, shown: Any) -> list[str]:
        """The resolver knows the container by its name."""
        name, address = shown["Name"].removeprefix("/"), shown["NetworkSettings"]["Networks"]["common"]["IPAddress"]
        code, out = self.engine.execute(shown["Id"], "nslookup", name)
        return [] if code == 0 and address.encode() in out else [f"{name}: is not found by its name: {code} {out!r}"]

    def _visit(self, thing: Thing, shown: Any) -> list[str]:
        bound = shown["NetworkSettings"]["Ports"].get("80/tcp")
        if not bound:
            return [f"{thing.name}: its port is not published"]
        if thing.facts["late"] > time.monotonic() - 1:
            return []
        command = ["busybox", "nc", "-w", "3", "127.0.0.1", bound[0]["HostPort"]]
        deadline = time.monotonic() + _PATIENCE
        heard = b""
        while time.monotonic() < deadline:
            heard = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).stdout
            if heard.strip() == shown["Config"]["Hostname"].encode():
                return []
            time.sleep(0.2)  # a policy has started it anew just now
        return [f"{thing.name}: port {bound} of {shown['Config']['Hostname']} says {heard!r}"]

    def _lines(self, thing: Thing) -> list[str]:
        """The log counts from 1 at each start; a line is torn only where its life ended."""
        before, count = 0, 0
        for line in self.engine.logs(thing.name).decode().splitlines():
            number = re.fullmatch(r"line (\d+)", line)
            if number is None:
                return [f"the log has {line!r} after line {before}"]
            if int(number[1]) not in (1, before + 1):
                return [f"the log has line {number[1]} after {before}"]
            before, count = int(number[1]), count + 1
        if count < thing.facts["lines"]:
            return [f"the log has {count} lines, it had {thing.facts['lines']}"]
        thing.facts["lines"] = count
        return []

    def _create(self) -> None:
        choose = self.random.choice
        network = choose(["none", "bridge", "bridge", "common", "common"])
        port = network != "none" and self.random.random() < 0.4
        host: dict[str, Any] = {
            "NetworkMode": network,
            "RestartPolicy": {"Name": choose(["no", "no", "unless-stopped"])},
        }
        if port:
            host["PortBindings"] = {"80/tcp": [{"HostPort": ""}]}
        if self.random.random() < 0.3:
            host["IpcMode"] = "shareable"
        if self.random.random() < 0.3:
            host["Binds"] = [f"{self.prefix}data:/data"]
        if self.random.random() < 0.2:
            host["Mounts"] = [{"Type": "tmpfs", "Target": "/scratch"}]
        always = host["RestartPolicy"]["Name"] == "unless-stopped"
        if not always and self.random.random() < 0.2:
            host["AutoRemove"] = True
        body: dict[str, Any] = {
            "Image": IMAGE,
            "Cmd": ["sh", "-c", _WORK.format(extra=_SERVE if port else "")],
            "HostConfig": host,
            "ExposedPorts": {"80/tcp": {}} if port else {},
        }
        if self.random.random() < 0.2:
            body["Volumes"] = {"/anonymous": {}}
        thing = self.make(
            "created", always=always, port=port, networks={network}, execs=[], lines=0, late=0.0,
            gone="AutoRemove" in host,
        )  # fmt: skip
        self.ask("POST", f"/containers/create?name={thing.name}", body)
        thing.allowed = {"created"}

    def _start(self, thing: Thing) -> None:
        thing.facts.update(code=None, execs=[], late=time.monotonic())
        # the end of a start that was cut off counts as one where a process had been
        between = ["exited"] + ([ABSENT] if thing.facts["gone"] else [])
        with thing.becoming("running", *between):
            self.ask("POST", f"/containers/{thing.name}/start")

    def _end(self, thing: Thing, path: str, code: int | None) -> None:
        thing.facts.update(code=None, execs=[])
        between = ["exited"] if thing.facts["gone"] else []
        begun = time.monotonic()
        with thing.becoming(ABSENT if thing.facts["gone"] else "exited", *between):
            self.ask("POST", f"/containers/{thing.name}/{path}")
            while thing.facts["gone"] and self._is_there(thing.name):
                time.sleep(0.02)
        if path != "stop?t=10" or time.monotonic() - begun < 9:  # it may not have listened to signals yet
            thing.facts["code"] = code
        thing.facts["ended"] = time.monotonic()

    def _stop(self, thing: Thing) -> None:
        self._end(thing, "stop?t=10", 3)

    def _kill(self, thing: Thing) -> None:
        if thing.facts["always"]:
            return  # it would be started again
        self._end(thing, "kill", 137)

    def _restart(self, thing: Thing) -> None:
        thing.facts.update(code=None, execs=[], late=time.monotonic())
        with thing.becoming("running", "exited", *([ABSENT] if thing.facts["gone"] else [])):
            self.ask("POST", f"/containers/{thing.name}/restart?t=10")

    def _pause(self, thing: Thing) -> None:
        with thing.becoming("paused"):
            self.ask("POST", f"/containers/{thing.name}/pause")

    def _unpause(self, thing: Thing) -> None:
        with thing.becoming("running"):
            self.ask("POST", f"/containers/{thing.name}/unpause")

    def _remove(self, thing: Thing) -> None:
        with thing.becoming(ABSENT, "exited"):
            self.ask("DELETE", f"/containers/{thing.name}?force=1&v=1")

    def _exec(self, thing: Thing) -> None:
        identity = self.ask("POST", f"/containers/{thing.name}/exec", {"Cmd": ["sleep", "1000"]})["Id"]
        self.ask("POST", f"/exec/{identity}/start", {"Detach": True})
        thing.facts["execs"].append((identity, self.ask("GET", f"/exec/{identity}/json")["Pid"]))

    def _read(self, thing: Thing) -> None:
        try:
            self.storm.problems += self._lines(thing)
        except (OSError, http.client.HTTPException, AssertionError) as error:
            raise Lost("logs") from error

    def _commit(self, thing: Thing) -> None:
        self.ask("POST", f"/commit?container={thing.name}&repo={self.prefix}image&tag=t{self.random.randrange(3)}")

    def _rename(self, thing: Thing) -> None:
        before, after = thing.name, f"{thing.name}r"
        try:
            self.ask("POST", f"/containers/{before}/rename?name={after}")
        except Lost:
            self.storm.after(lambda: self._find_name(thing, before, after))
            raise
        thing.name = after

    def _is_there(self, name: str) -> bool:
        try:
            return self.engine.call("GET", f"/containers/{name}/json")[0] == 200
        except (OSError, http.client.HTTPException) as error:
            raise Lost(name) from error

    def _find_name(self, thing: Thing, *names: str) -> None:
        for name in names:
            if self.engine.call("GET", f"/containers/{name}/json")[0] == 200:
                thing.name = name

    def _connect(self, thing: Thing) -> None:
        networks = thing.facts["networks"]
        if networks & {"none"}:
            return
        verb = "disconnect" if "more" in networks else "connect"
        after = networks - {"more"} if "more" in networks else networks | {"more"}
        thing.facts["maybe"] = after
        self.ask("POST", f"/networks/more/{verb}", {"Container": thing.name})
        thing.facts["networks"] = after
        del thing.facts["maybe"]


class Volumes(User):
    """Makes and removes volumes."""

    kind = "v"

    def act(self) -> None:
        certain = [thing for thing in self.things if thing.state == "there"]
        if len(certain) < 4 or self.random.random() < 0.5:
            thing = self.make("there")
            self.ask("POST", "/volumes/create", {"Name": thing.name})
            thing.allowed = {"there"}
            return
        thing = self.random.choice(certain)
        with thing.becoming(ABSENT):
            self.ask("DELETE", f"/volumes/{thing.name}")

    def look(self, thing: Thing) -> str:
        status, shown = self.engine.call("GET", f"/volumes/{thing.name}")
        return ABSENT if status == 404 else "there" if Path(shown["Mountpoint"]).is_dir() else "without a directory"


class Networks(User):
    """Makes and removes networks."""

    kind = "n"

    def act(self) -> None:
        certain = [thing for thing in self.things if thing.state == "there"]
        if len(certain) < 3 or (len(certain) < 8 and self.random.random() < 0.5):
            thing = self.make("there")
            self.ask("POST", "/networks/create", {"Name": thing.name})
            thing.allowed = {"there"}
            return
        thing = self.random.choice(certain)
        with thing.becoming(ABSENT):
            self.ask("DELETE", f"/networks/{thing.name}")

    def look(self, thing: Thing) -> str:
        return ABSENT if self.engine.call("GET", f"/networks/{thing.name}")[0] == 404 else "there"


class Images(User):
    """Pulls, loads, tags and removes images."""

    kind = "i"

    def act(self) -> None:
        certain = [thing for thing in self.things if thing.state == "there"]
        if len(certain) < 3 or (len(certain) < 8 and self.random.random() < 0.5):
            self.random.choice([self._pull, self._load])()
            return
        thing = self.random.choice(certain)
        with thing.becoming(ABSENT):
            self.ask("DELETE", f"/images/{thing.name}?force=1")

    def look(self, thing: Thing) -> str:
        return ABSENT if self.engine.call("GET", f"/images/{thing.name}/json")[0] == 404 else "there"

    def examine(self, thing: Thing, state: str) -> list[str]:
        """All its files are there, with what should be in them."""
        if state == ABSENT:
            return []
        status, data = self.engine.call("POST", f"/containers/create?name={self.prefix}look", {"Image": thing.name})
        if status != 201:
            return [f"{thing.name}: {data}"]
        try:
            status, data = self.engine.call("GET", f"/containers/{self.prefix}look/archive?path=/made")
            if status != 200:
                return [f"{thing.name}: {status} {data}"]
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                found = {one.name.removeprefix("made/"): archive.extractfile(one) for one in archive if one.isfile()}
                right = {name: file.read() for name, file in found.items() if file} == thing.facts["files"]
            return [] if right else [f"{thing.name}: has not what it had"]
        finally:
            self.engine.call("DELETE", f"/containers/{self.prefix}look")

    def _make(self) -> tuple[MadeImage, dict[str, bytes]]:
        files = {str(place): self.random.randbytes(self.random.choice([10, 300_000, 3_000_000])) for place in range(4)}
        return make_image([{f"made/{name}": data} for name, data in files.items()]), files

    def _pull(self) -> None:
        made, files = self._make()
        thing = self.make("there", files=files)
        self.storm.registry.add(thing.name, "latest", made)
        short, thing.name = thing.name, f"{self.storm.registry.host}/{thing.name}"
        said = self.ask("POST", f"/images/create?fromImage={self.storm.registry.host}/{short}&tag=latest")
        self._heard(thing, said, b"Downloaded newer image")

    def _load(self) -> None:
        made, files = self._make()
        thing = self.make("there", files=files)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            names = []
            for digest, data in made.blobs.items():
                names.append(digest.removeprefix("sha256:"))
                _add(archive, names[-1], data)
            order = [digest.removeprefix("sha256:") for digest in made.layer_digests]
            config = made.config_digest.removeprefix("sha256:")
            manifest = [{"Config": config, "RepoTags": [f"{thing.name}:latest"], "Layers": order}]
            _add(archive, "manifest.json", json.dumps(manifest).encode())
        self._heard(thing, self.ask("POST", "/images/load", out.getvalue(), "application/x-tar"), b"Loaded image")

    def _heard(self, thing: Thing, said: Any, wanted: bytes) -> None:
        text = said if isinstance(said, bytes) else json.dumps(said).encode()
        if wanted in text:
            thing.allowed = {"there"}
            return
        if b"error" in text:
            self.storm.complain(f"{thing.name}: {text[-300:]!r}")
        raise Lost(thing.name)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
