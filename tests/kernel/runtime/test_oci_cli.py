"""``pydock-runtime`` as containerd or a person calls it: the life of a container by commands."""

import array
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pydock.runtime.cgroups import Cgroup
from tests.kernel.runtime.box import Box, python_paths


class Runtime:
    """The command line on a root of its own, over a bundle made of a box."""

    def __init__(self, box: Box, directory: Path) -> None:
        self.root = str(directory / "state")
        self.bundle = directory / "bundle"
        self.bundle.mkdir()
        self.box = box
        self.name = f"t{os.getpid()}"

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        # into files: a container that lives on holds a pipe open for as long
        command = [sys.executable, "-m", "pydock.runtime.oci_cli", "--root", self.root, *arguments]
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=False)
            output.seek(0)
            errors.seek(0)
            result = subprocess.CompletedProcess(command, done.returncode, output.read(), errors.read())
        assert not check or result.returncode == 0, result.stderr
        return result

    def configure(self, args: list[str], **changes: Any) -> None:
        """Write config.json."""
        spec = self.box.spec(args, **changes)
        spec["root"] = {"path": str(self.box.lower)}
        spec["linux"]["cgroupsPath"] = f"/pydock-test-{os.getpid()}/{self.name}"
        (self.bundle / "config.json").write_text(json.dumps(spec))

    def state(self) -> dict[str, Any]:
        """What ``state`` answers."""
        answer: dict[str, Any] = json.loads(self("state", self.name).stdout)
        return answer


@pytest.fixture
def runtime(box: Box, tmp_path: Path) -> Iterator[Runtime]:
    runtime = Runtime(box, tmp_path)
    yield runtime
    runtime("delete", "--force", runtime.name, check=False)
    Cgroup.at(f"/pydock-test-{os.getpid()}").remove()


def test_a_container_is_created_started_signalled_and_deleted(runtime: Runtime, tmp_path: Path) -> None:
    runtime.configure(["sh", "-c", "echo started > /tmp/mark; sleep 1000"])
    runtime("create", "--bundle", str(runtime.bundle), "--pid-file", str(tmp_path / "pid"), runtime.name)
    mark = runtime.box.lower / "tmp/mark"
    state = runtime.state()
    assert (state["status"], state["pid"]) == ("created", int((tmp_path / "pid").read_text()))
    assert not mark.exists()
    runtime("start", runtime.name)
    assert runtime.state()["status"] == "running"
    assert runtime("start", runtime.name, check=False).returncode == 1
    assert json.loads(runtime("ps", "--format", "json", runtime.name).stdout)[0] == state["pid"]
    runtime("pause", runtime.name)
    assert runtime.state()["status"] == "paused"
    runtime("resume", runtime.name)
    done = runtime("exec", runtime.name, "cat", "/proc/1/cmdline", "/tmp/mark")
    assert done.stdout.endswith("started\n")
    assert runtime("exec", runtime.name, "sh", "-c", "exit 9", check=False).returncode == 9
    assert json.loads(runtime("list", "--format", "json").stdout)[0]["id"] == runtime.name
    assert runtime("delete", runtime.name, check=False).returncode == 1
    runtime("kill", runtime.name, "KILL")
    runtime("delete", "--force", runtime.name)
    assert "does not exist" in runtime("state", runtime.name, check=False).stderr


def test_run_waits_and_passes_the_status_on(runtime: Runtime) -> None:
    runtime.configure(["sh", "-c", "echo out; exit 3"])
    done = runtime("run", "--bundle", str(runtime.bundle), runtime.name, check=False)
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert runtime("list", "--quiet").stdout == ""


def test_a_failed_start_is_told_and_leaves_nothing(runtime: Runtime) -> None:
    runtime.configure(["nope"])
    done = runtime(
        "--log",
        f"{runtime.root}.log",
        "--log-format",
        "json",
        "run",
        "--bundle",
        str(runtime.bundle),
        runtime.name,
        check=False,
    )
    assert done.returncode == 1
    assert 'exec: "nope": executable file not found in $PATH' in done.stderr
    assert json.loads(Path(f"{runtime.root}.log").read_text())["level"] == "error"
    assert os.listdir(runtime.root) == []


def test_the_terminal_goes_to_the_console_socket(runtime: Runtime, tmp_path: Path) -> None:
    runtime.configure(["sh", "-c", "tty; echo done"], terminal=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "console"))
        listener.listen()
        runtime("create", "--bundle", str(runtime.bundle), "--console-socket", str(tmp_path / "console"), runtime.name)
        connection, _ = listener.accept()
        with connection:
            _, rights, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    master = array.array("i", rights[0][2][:4])[0]
    runtime("start", runtime.name)
    output = b""
    while b"done" not in output:
        output += os.read(master, 4096)
    os.close(master)
    assert b"/dev/pts/0" in output


def test_hooks_run_with_the_state_on_their_stdin(runtime: Runtime, tmp_path: Path) -> None:
    runtime.configure(["true"])
    spec = json.loads((runtime.bundle / "config.json").read_text())
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"cat >> {tmp_path}/hooks; echo >> {tmp_path}/hooks"]}
    spec["hooks"] = {"createRuntime": [hook], "poststop": [hook]}
    (runtime.bundle / "config.json").write_text(json.dumps(spec))
    runtime("run", "--bundle", str(runtime.bundle), runtime.name)
    first, last = (json.loads(line) for line in (tmp_path / "hooks").read_text().splitlines())
    assert (first["status"], last["status"]) == ("creating", "stopped")
    assert first["pid"] > 0
    spec["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
    (runtime.bundle / "config.json").write_text(json.dumps(spec))
    assert runtime("run", "--bundle", str(runtime.bundle), runtime.name, check=False).returncode == 1
    assert os.listdir(runtime.root) == []


def test_limits_can_be_updated(runtime: Runtime) -> None:
    runtime.configure(["sleep", "1000"])
    runtime("run", "--detach", "--bundle", str(runtime.bundle), runtime.name)
    runtime("update", "--pids-limit", "33", runtime.name)
    assert Cgroup.at(f"/pydock-test-{os.getpid()}/{runtime.name}").stats().pids_limit == 33
    os.kill(runtime.state()["pid"], signal.SIGKILL)


def test_a_user_namespace_maps_the_root_user(runtime: Runtime) -> None:
    runtime.configure(["sh", "-c", "id -u; cat /proc/self/uid_map"])
    spec = json.loads((runtime.bundle / "config.json").read_text())
    mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    spec["linux"]["namespaces"].append({"type": "user"})
    spec["linux"] |= {"uidMappings": mapping, "gidMappings": mapping}
    spec["mounts"] = [mount for mount in spec["mounts"] if mount["type"] not in ("cgroup", "sysfs", "mqueue")]
    (runtime.bundle / "config.json").write_text(json.dumps(spec))
    for path in (runtime.box.lower, *runtime.box.lower.rglob("*")):
        os.chown(path, 100000, 100000, follow_symlinks=False)
    for path in (runtime.box.directory, *runtime.box.directory.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)
    done = runtime("run", "--bundle", str(runtime.bundle), runtime.name)
    assert done.stdout.split() == ["0", "0", "100000", "65536"]


def test_spec_and_features_are_json(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    runtime("spec", "--bundle", str(tmp_path / "new"))
    assert json.loads((tmp_path / "new/config.json").read_text())["process"]["args"] == ["sh"]
    assert runtime("spec", "--bundle", str(tmp_path / "new"), check=False).returncode == 1
    features = json.loads(runtime("features").stdout)
    assert "mount" in features["linux"]["namespaces"]
    assert "rro" in features["mountOptions"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".."])
def test_a_name_that_is_a_path_is_refused(runtime: Runtime, name: str) -> None:
    runtime.configure(["true"])
    assert runtime("create", "--bundle", str(runtime.bundle), name, check=False).returncode != 0


def test_the_program_of_the_runtime_is_a_copy_that_nobody_can_write_to(runtime: Runtime) -> None:
    """A container that runs whatever entered it has that open, and could write to it once nobody runs it any more."""
    program = ["/proc/self/exe", "-S", "-E", "-c", "import os; print(os.readlink('/proc/self/exe'))"]
    binds = [
        {"destination": path, "type": "bind", "source": path, "options": ["rbind", "ro"]} for path in python_paths()
    ]
    variables = [f"LD_LIBRARY_PATH={sysconfig.get_config_var('LIBDIR')}", f"PYTHONHOME={sys.base_prefix}"]
    runtime.configure(program, mounts=binds, env=["PATH=/bin", *variables])
    assert runtime("run", "--bundle", str(runtime.bundle), runtime.name).stdout == "/memfd:pydock-python (deleted)\n"
    runtime.configure(["sleep", "1000"], mounts=binds)
    runtime("create", "--bundle", str(runtime.bundle), runtime.name)
    flags = [word for variable in variables for word in ("--env", variable)]
    assert runtime("exec", *flags, runtime.name, *program).stdout == "/memfd:pydock-python (deleted)\n"


def test_the_half_born_tell_no_arguments_of_the_runtime(runtime: Runtime) -> None:
    runtime.configure(["true"])
    runtime("create", "--bundle", str(runtime.bundle), runtime.name)
    for name, told in ("cmdline", b"pydock-runtime"), ("environ", b""):
        assert Path(f"/proc/{runtime.state()['pid']}/{name}").read_bytes().rstrip(b"\0") == told
