"""A storm: users at work, while the daemon, shims, inits, the zygote, the resolver or all at once are killed.

`test_storm` runs a short one; a long one: ``python -m tests.kernel.daemon.storm SEED ROUNDS``.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydock.runtime.cgroups import Cgroup
from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import Daemon, alive
from tests.kernel.daemon.storm_users import Containers, Images, Lost, Networks, User, Volumes
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry

#: what is killed, as often as it stands here
KILLS = ("daemon", "daemon", "daemon", "daemon", "daemon and shims", "daemon and inits", "told to end",
         "shims", "inits", "zygote", "resolver", "jobs", "everything")  # fmt: skip
#: how long what is left over may take to go, in seconds
PATIENCE = 30.0
#: how long a container may take to heed a signal, in seconds
_LISTENING = 2.0


class Storm:
    """One storm over a daemon."""

    def __init__(self, engine: Daemon, registry: FaultyRegistry, seed: int) -> None:
        self.engine = engine
        self.registry = registry
        self.seed = seed
        self.problems: list[str] = []
        self._random = random.Random(seed)
        self._users: list[User] = [
            *(Containers(self, number) for number in range(4)),
            *(Images(self, number) for number in range(2)),
            Volumes(self, 0),
            Networks(self, 0),
        ]
        self._after: list[Callable[[], None]] = []
        self._killed = False
        self._blow = 0.0
        self._told_to_end: list[int] = []
        self._over = threading.Event()

    def run(self, rounds: int) -> None:
        """Kill and look, `rounds` times; AssertionError where something is not as it was told to be."""
        for name in ("common", "more"):
            self.engine.ok("POST", "/networks/create", {"Name": name})
        for number in range(rounds):
            what = self._random.choice(KILLS)
            self._round(what)
            assert not self.problems, f"seed {self.seed}, round {number} ({what}): " + "\n".join(self.problems)

    def complain(self, said: str) -> None:
        """The engine said that something went wrong: a problem unless a process of its own was just killed."""
        if not self._killed:
            self.problems.append(said)

    def after(self, work: Callable[[], None]) -> None:
        """Do `work` when the daemon is back, before anything is checked."""
        self._after.append(work)

    def _round(self, what: str) -> None:
        self._over.clear()
        self._killed = False
        threads = [threading.Thread(target=self._live, args=(user,)) for user in self._users]
        for thread in threads:
            thread.start()
        time.sleep(self._random.choice([0.1, 0.5, 1.5]) * self._random.random() + 0.05)
        self._killed = True
        self._blow = time.monotonic()
        self._kill(what)
        self._over.set()
        for thread in threads:
            thread.join()
        if what in ("shims", "inits", "everything"):
            self._lose(what == "everything")  # also what was told just before the blow
        if what not in ("shims", "inits", "zygote", "resolver", "jobs"):
            self._forget()
        self._kill_more(what)
        assert self.engine.process
        if self.engine.process.poll() is not None:
            self.engine.start()
        for work in self._after:
            work()
        self._after.clear()
        self._settle()
        for user in self._users:
            self.problems += user.check()
        self._look_for_leftovers()

    def _settle(self) -> None:
        """Wait for those that were told to end, and until the engine has noticed who is dead."""
        deadline = time.monotonic() + _LISTENING
        while any(map(alive, self._told_to_end)) and time.monotonic() < deadline:
            time.sleep(0.02)  # one that had not come to its trap yet never ends of it
        self._told_to_end.clear()
        deadline = time.monotonic() + PATIENCE
        while not self._is_noticed() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _is_noticed(self) -> bool:
        """Whether what the engine shows as running has its process and its shim."""
        for shown in self.engine.get("/containers/json"):
            status, value = self.engine.call("GET", f"/containers/{shown['Id']}/json")
            if status == 200 and value["State"]["Pid"] and not self._lives(shown["Id"], value["State"]["Pid"]):
                return False
        return True

    def _lives(self, identity: str, pid: int) -> bool:
        try:
            shim = json.loads((self.engine.root / "exec/containers" / identity / "shim.pid").read_bytes())["pid"]
        except OSError:
            return False
        return alive(pid) and alive(shim)

    def _live(self, user: User) -> None:
        try:
            while not self._over.is_set():
                user.act()
        except Lost:
            pass
        except Exception as error:
            self.problems.append(f"{user.prefix}: {error!r}")
            raise

    def _look_for_leftovers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while found := leftovers.find(self.engine):
            if time.monotonic() > deadline:
                self.problems += found
                return
            time.sleep(0.1)

    def _kill(self, what: str) -> None:
        """The blow itself."""
        assert self.engine.process
        if what == "told to end":
            self.engine.process.terminate()
            self.engine.process.wait(30)
        elif what.startswith("daemon"):
            self.engine.kill()
        elif what == "everything":
            self._power_cut()
        elif what == "zygote":
            self._end("pydock-zygote")
        elif what == "resolver":
            self._end("pydock-dns")
        elif what == "jobs":
            self._end("pydock-job")
        elif what == "shims":
            self._shims()
        else:
            self._inits()

    def _kill_more(self, what: str) -> None:
        """What dies while there is no daemon."""
        if what.startswith("daemon and"):
            self._lose()
        if what == "daemon and shims":
            self._shims()
        elif what == "daemon and inits":
            self._inits()

    def _end(self, name: str) -> None:
        for pid, found in leftovers.processes(self.engine).items():
            if found == name:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _shims(self) -> None:
        for pid, found in leftovers.processes(self.engine).items():
            if found == "pydock-shim" and self._random.random() < 0.5:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _inits(self) -> None:
        for directory in _children(self.engine.cgroups):
            group = Cgroup.at(f"{self.engine.cgroups}/{directory.name}")
            first = [pid for pid in group.pids() if _is_init(pid)]
            # one that is paused would die of it later
            if first and not group.is_frozen() and self._random.random() < 0.5:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(first[0], self._random.choice([signal.SIGKILL, signal.SIGTERM]))
                self._told_to_end.append(first[0])

    def _lose(self, surely: bool = False) -> None:
        """Containers may end by what comes now."""
        for user in self._users:
            for thing in user.things:
                if thing.facts.get("ended", 0.0) >= self._blow:
                    thing.facts["code"] = None  # the blow may have been faster than what was asked for
                if isinstance(user, Containers) and thing.allowed & {"running", "paused"}:
                    thing.allowed |= {"exited"} if not thing.facts["gone"] else {"exited", "absent"}
                    thing.allowed |= {"running"} if thing.facts["always"] else set()
                    thing.facts.update(execs=[], code=None)
                    if surely and not thing.facts["always"]:
                        thing.allowed -= {"running", "paused"}

    def _forget(self) -> None:
        """The next daemon removes what was to remove itself and does not run."""
        for user in self._users:
            for thing in user.things:
                if isinstance(user, Containers) and thing.facts["gone"] and thing.allowed & {"created", "exited"}:
                    thing.allowed |= {"absent"}

    def _power_cut(self) -> None:
        """All processes end at once, and nothing is left in the kernel or under the exec root."""
        self.engine.kill()
        while ours := [*leftovers.processes(self.engine), *Cgroup.at(self.engine.cgroups).pids()]:
            for pid in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for directory in _children(self.engine.cgroups):
                with contextlib.suppress(OSError):
                    Cgroup.at(f"{self.engine.cgroups}/{directory.name}").thaw()
            time.sleep(0.02)
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if line.split()[4].startswith(f"{self.engine.root}/"):
                subprocess.run(["umount", "-l", line.split()[4]], check=True)
        for directory in _children(self.engine.cgroups):
            Cgroup.at(f"{self.engine.cgroups}/{directory.name}").remove()
        for link in leftovers.links(self.engine):
            subprocess.run(["ip", "link", "del", link], check=True)
        subprocess.run(["nft", "delete", "table", "inet", leftovers.table(self.engine)], check=True)
        shutil.rmtree(self.engine.root / "exec")


def _is_init(pid: int) -> bool:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return any(line.split()[-1] == "1" for line in status.splitlines() if line.startswith("NSpid:"))
    return False


def _children(path: str) -> list[Path]:
    return [Path(name) for name in sorted(leftovers.groups(path))]


def main() -> None:
    """A long storm on a daemon of its own."""
    seed, rounds = int(sys.argv[1]), int(sys.argv[2])
    root = Path(tempfile.mkdtemp(prefix=f"storm-{seed}-", dir=sys.argv[3] if len(sys.argv) > 3 else None))
    pool = f"base=198.19.{128 + seed % 4 * 32}.0/19,size=26"  # some storms can go on side by side
    engine = Daemon(root, "stuv"[seed % 4], "--default-address-pool", pool)
    with FaultyRegistry() as registry, engine:
        try:
            Storm(engine, registry, seed).run(rounds)
        except BaseException:
            print(f"the daemon's log: {root}/daemon.log", flush=True)
            raise
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
