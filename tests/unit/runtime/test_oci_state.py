"""What is known of a container of the OCI command line."""

import os
from pathlib import Path

from pydock.runtime.oci_state import OciContainer, create, start_time


def container(directory: Path, pid: int, started: int) -> OciContainer:
    return OciContainer("c", "/bundle", str(directory), "/c", "2024-01-01T00:00:00Z", pid, started)


def test_one_that_ended_before_anybody_looked_has_stopped(tmp_path: Path) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    zombie = start_time(pid)
    assert container(tmp_path, pid, zombie).status == "stopped"
    os.waitpid(pid, 0)
    assert container(tmp_path, pid, zombie).status == "stopped"


def test_one_that_lives_is_told_from_another_with_its_number(tmp_path: Path) -> None:
    own = os.getpid()
    assert container(tmp_path, own, start_time(own)).status == "running"
    assert container(tmp_path, own, start_time(own) - 1).status == "stopped"
    (tmp_path / "gate").touch()
    assert container(tmp_path, own, start_time(own)).status == "created"


def test_only_its_owner_reads_a_containers_environment(tmp_path: Path) -> None:
    """The directories of all containers can be passed through, as those of runc can."""
    made = create(str(tmp_path), "c", "/bundle", "/c", "2024-01-01T00:00:00Z", b'{"process": {"env": ["TOKEN=x"]}}')
    made.save()
    for name in ("config.json", "state.json"):
        assert os.stat(f"{made.directory}/{name}").st_mode & 0o777 == 0o600
