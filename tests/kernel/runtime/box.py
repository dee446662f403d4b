"""A container for the kernel tests: a root made of the machine's busybox and Python, launched without a daemon."""

import _ctypes
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydock.linux.mounts import Mount
from pydock.runtime import capabilities, devices, hidden_paths, launch, seccomp
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.spec import Mount as SpecMount
from pydock.runtime.spec import Process, Resources, Spec

APPLETS = (
    "sh", "ls", "cat", "id", "true", "false", "ps", "mount", "env", "pwd", "readlink", "grep", "sleep", "stat", "mkdir",
    "rm", "ln", "echo", "tty", "touch", "stty", "dd", "kill", "head", "mknod",
)  # fmt: skip
NAMESPACES = ("pid", "mount", "uts", "ipc", "network")


def standard_mounts() -> list[SpecMount]:
    """What the daemon mounts in every container."""
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755"]},
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        {
            "destination": "/sys/fs/cgroup",
            "type": "cgroup",
            "source": "cgroup",
            "options": ["ro", "nosuid", "noexec", "nodev"],
        },
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {
            "destination": "/dev/shm",
            "type": "tmpfs",
            "source": "shm",
            "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"],
        },
    ]


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    status: int
    output: str
    warnings: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The output, read as JSON."""
        return json.loads(self.output)


@dataclass
class Box:
    """One root file system under `directory`, and ways to run things in it."""

    directory: Path
    group: str = ""
    programs: bool = True
    lower: Path = field(init=False)

    def __post_init__(self) -> None:
        self.lower = self.directory / "lower"
        for name in ("lower/etc", "lower/bin", "lower/tmp", "upper", "work", "root"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.lower / "tmp").chmod(0o1777)
        busybox = shutil.which("busybox")
        if busybox:
            shutil.copy(busybox, self.lower / "bin/busybox")
            for applet in APPLETS:
                (self.lower / "bin" / applet).symlink_to("busybox")
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n")
        self.write("etc/group", "root:x:0:\napp:x:1001:\naudio:x:29:app\nvideo:x:44:\n")

    def write(self, path: str, content: str) -> Path:
        """Put a file into the image."""
        target = self.lower / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def spec(self, args: Sequence[str], **changes: Any) -> Spec:
        """A configuration as the daemon would make it; `changes` go into ``process`` or ``linux`` or the top."""
        granted = list(changes.pop("capabilities", capabilities.DEFAULT))
        process: dict[str, Any] = {
            "args": list(args),
            "env": ["PATH=/bin:/usr/bin"],
            "cwd": "/",
            "user": {"username": ""},
            "capabilities": {"bounding": granted, "effective": granted, "permitted": granted},
        }
        linux: dict[str, Any] = {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "maskedPaths": hidden_paths.masked_paths(),
            "readonlyPaths": list(hidden_paths.READONLY_PATHS),
        }
        top: dict[str, Any] = {"ociVersion": "1.2.0", "hostname": "box", "root": {}, "mounts": standard_mounts()}
        for key, value in changes.items():
            if key in ("root", "hostname", "domainname"):
                top[key] = value
            elif key == "mounts":
                top["mounts"] = [*standard_mounts(), *value]
            elif key in Process.__annotations__:
                process[key] = value
            else:
                linux[key] = value
        return cast(Spec, {**top, "process": process, "linux": linux})

    def rootfs(self) -> tuple[Mount, ...]:
        """The root as the layer store would describe it."""
        options = (f"upperdir={self.directory}/upper", f"workdir={self.directory}/work")
        return (Mount("overlay", "overlay", "/", options, (str(self.lower),)),)

    def start(self, spec: Spec, **options: Any) -> launch.Launched:
        """Launch `spec`; options as `ContainerLaunch` has them."""
        options.setdefault("seccomp", default_filter(spec))
        return launch.start_container(
            launch.ContainerLaunch(spec, str(self.directory / "root"), self.rootfs(), **options)
        )

    def run(self, args: Sequence[str], *, stdin: bytes = b"", launch_options: Any = None, **changes: Any) -> Result:
        """Run to the end and return what it wrote."""
        group = None
        if self.group:
            group = Cgroup.at(self.group)
            group.create(cast(Resources, {"devices": list(devices.DEFAULT_RULES), **changes.pop("resources", {})}))
        try:
            return self._run(self.spec(args, **changes), stdin, {"cgroup": group, **(launch_options or {})})
        finally:
            if group:
                group.remove()

    def python(self, source: str, **changes: Any) -> Result:
        """Run Python in there, on the host's interpreter and library, bound read-only; print() is the way out."""
        binds = [
            {"destination": path, "type": "bind", "source": path, "options": ["rbind", "ro"]} for path in python_paths()
        ]
        changes["mounts"] = [*binds, *changes.get("mounts", [])]
        interpreter = os.path.realpath(sys.executable)
        return self.run([interpreter, "-S", "-E", "-c", textwrap.dedent(source)], **changes)

    def _run(self, spec: Spec, stdin: bytes, options: dict[str, Any]) -> Result:
        output = os.memfd_create("output")
        source = os.memfd_create("input")
        os.write(source, stdin)
        os.lseek(source, 0, os.SEEK_SET)
        try:
            started = self.start(spec, stdio=launch.Stdio(source, output, output), **options)
            status = reap(started)
            return Result(status, read_all(output), started.warnings)
        finally:
            os.close(output)
            os.close(source)


def reap(started: launch.Launched) -> int:
    """Wait for the end of a launched process: its exit status, negative for a signal."""
    result = os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
    os.close(started.pidfd)
    assert result is not None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def read_all(descriptor: int) -> str:
    """The content of a memory file from its start."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode()


def default_filter(spec: Spec) -> bytes:
    """The default profile for the spec's capabilities."""
    return seccomp.compile(seccomp.default_profile(), spec["process"].get("capabilities", {}).get("bounding", []))


def python_paths() -> list[str]:
    """The directories and files that the host's Python needs to run."""
    interpreter = os.path.realpath(sys.executable)
    extensions = [_ctypes.__file__]
    linked = subprocess.run(["ldd", interpreter, *extensions], capture_output=True, text=True, check=True).stdout
    libraries = [
        word for line in linked.splitlines() for word in line.split() if word.startswith("/") and not word.endswith(":")
    ]
    standard = os.path.dirname(os.__file__)
    inside = [path for path in (interpreter, *libraries) if not path.startswith(standard + "/")]
    return [*dict.fromkeys(inside), standard]
