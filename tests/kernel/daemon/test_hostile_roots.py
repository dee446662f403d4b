"""Images and requests that try to get at /proc or out of the root: refused, and nothing is left running."""

from pathlib import Path

import pytest

from tests.clients.engines import File, root_tar
from tests.kernel.daemon.daemon_process import IMAGE, Daemon, eventually


@pytest.fixture(scope="session")
def trapped(shared: Daemon) -> str:
    """An image with links that lead to /proc."""
    tree = {"link": File(link="proc/sys"), "whole": File(link="/proc"), "up": File(link="bin/../../../proc/1")}
    status, _ = shared.call("POST", "/images/create?fromSrc=-&repo=trapped", root_tar(tree), "application/x-tar")
    assert status == 200
    return "trapped"


@pytest.mark.parametrize(
    "bind",
    [
        "/proc/sys:/proc/sys", "/proc/sys/kernel:/proc/sys/kernel", "/proc/1:/proc", "/proc/sys:/link", "/proc:/whole",
        "{tmp}:/link", "{tmp}:/whole", "{tmp}:/up/task", "{tmp}:/proc", "{tmp}:/proc/self", "{tmp}:/sys/../proc/tty",
        "a-volume:/proc/fs", "a-volume:/link/kernel",
    ],
)  # fmt: skip
def test_nothing_is_mounted_over_proc(engine: Daemon, trapped: str, tmp_path: Path, bind: str) -> None:
    binds = [bind.format(tmp=tmp_path)]
    identity = engine.create("true", host={"Binds": binds}, Image=trapped)
    status, answer = engine.call("POST", f"/containers/{identity}/start")
    assert status >= 400
    assert "cannot be mounted because it is inside /proc" in answer["message"]
    assert engine.status(identity) == "created"


def test_a_tmpfs_is_not_mounted_over_proc(engine: Daemon, trapped: str) -> None:
    for target in ("/proc/tty", "/link", "/whole"):
        identity = engine.create("true", host={"Tmpfs": {target: ""}}, Image=trapped)
        status, answer = engine.call("POST", f"/containers/{identity}/start")
        assert status >= 400
        assert "inside /proc" in answer["message"]


def test_the_whole_proc_and_what_lxcfs_provides_may_be_bound(engine: Daemon, tmp_path: Path) -> None:
    (tmp_path / "uptime").write_text("3 4\n")
    binds = ["/proc:/proc", "/proc:/host/proc", f"{tmp_path}/uptime:/proc/uptime"]
    identity = engine.run("sh", "-c", "cat /proc/uptime; echo 1 > /proc/sys/kernel/panic", host={"Binds": binds})
    assert engine.wait(identity) != 0
    assert engine.logs(identity).startswith(b"3 4\n")
    assert b"Read-only" in engine.logs(identity)


def test_a_volume_over_what_the_kernel_shows_of_itself_hides_no_file_from_cp(engine: Daemon) -> None:
    identity = engine.shell("echo mine > /sys/mine; sleep 1000", Volumes={"/sys": {}})
    eventually(lambda: engine.execute(identity, "cat", "/sys/mine") == (0, b"mine\n"))
    for path in ("/etc/hosts", "/sys/mine"):
        assert engine.call("GET", f"/containers/{identity}/archive?path={path}")[0] == 200
    status, answer = engine.call("GET", f"/containers/{identity}/archive?path=/sys/kernel")
    assert (status, "Could not find the file /sys/kernel" in answer["message"]) == (404, True)


def test_a_working_directory_too_long_for_any_file_system_is_the_clients_fault(engine: Daemon) -> None:
    log = len(engine.log())
    body = {"Image": IMAGE, "Cmd": ["true"], "WorkingDir": "/" + "a/" * 3000}
    status, answer = engine.call("POST", "/containers/create", body)
    assert (status, answer["message"].endswith(": file name too long")) == (400, True)
    assert "Traceback" not in engine.log()[log:]
