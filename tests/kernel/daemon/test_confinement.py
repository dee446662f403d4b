"""AppArmor: the default profile is loaded, and containers and their execs run under it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.runtime import apparmor_profile
from pydock.runtime.security_labels import apparmor_enabled
from tests.kernel.daemon.daemon_process import Daemon

pytestmark = pytest.mark.skipif(not apparmor_enabled(), reason="the kernel has no AppArmor")

SHOWN = "cat /proc/self/attr/current; mount -t tmpfs tmpfs /dev/shm 2>&1; true"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path, "c") as daemon:
        yield daemon


def says(engine: Daemon, *options: str, **host: object) -> str:
    """What a container with these options says of itself."""
    identity = engine.create("sh", "-c", SHOWN, host={"SecurityOpt": list(options), **host})
    engine.ok("POST", f"/containers/{identity}/start")
    engine.ok("POST", f"/containers/{identity}/wait")
    return engine.logs(identity).decode()


def test_containers_are_confined(engine: Daemon) -> None:
    assert apparmor_profile.is_loaded()
    said = says(engine, "seccomp=unconfined", CapAdd=["SYS_ADMIN"])
    assert said.startswith("docker-default (enforce)\n")
    assert "mount: mounting tmpfs on /dev/shm failed: Permission denied" in said
    assert says(engine, "apparmor=unconfined").startswith("unconfined\n")
    assert says(engine, Privileged=True).startswith("unconfined\n")


def test_execs_are_confined_and_inspect_tells(engine: Daemon) -> None:
    identity = engine.create("sleep", "1000")
    assert engine.get(f"/containers/{identity}/json")["AppArmorProfile"] == ""
    engine.ok("POST", f"/containers/{identity}/start")
    assert engine.get(f"/containers/{identity}/json")["AppArmorProfile"] == "docker-default"
    assert engine.execute(identity, "cat", "/proc/self/attr/current") == (0, b"docker-default (enforce)\n")
    engine.ok("POST", f"/containers/{identity}/kill?signal=TERM")
    assert "name=apparmor" in engine.get("/info")["SecurityOptions"]
