"""The commands of ``pydock-runtime``: what each does, apart from reading its arguments (`oci_cli`)."""

import datetime
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from pydock.errors import Conflict, InvalidParameter, StepFailed
from pydock.linux.mounts import Mount
from pydock.linux.process import set_child_subreaper
from pydock.runtime import hidden_paths, oci_state, seccomp
from pydock.runtime.cgroups import Cgroup, kill_all
from pydock.runtime.devices import DEFAULT_RULES
from pydock.runtime.launch import ContainerLaunch, ExecLaunch, Launched, Stdio, start_container, start_exec
from pydock.runtime.oci_state import OciContainer
from pydock.runtime.spec import Hook, Process, Resources, Spec
from pydock.runtime.terminal import set_size

_UNSUPPORTED_HOOKS = ("createContainer", "startContainer")


def read_spec(bundle: str) -> tuple[Spec, bytes]:
    """The bundle's configuration, checked for what every container needs."""
    try:
        text = Path(bundle, "config.json").read_bytes()
        spec = json.loads(text)
    except FileNotFoundError:
        raise InvalidParameter(f"JSON specification file {bundle}/config.json not found") from None
    except ValueError as error:
        raise InvalidParameter(f"cannot read {bundle}/config.json: {error}") from error
    process = spec.get("process") if isinstance(spec, dict) else None
    if not isinstance(process, dict) or not process.get("args") or not str(process.get("cwd", "")).startswith("/"):
        raise InvalidParameter("process.args and an absolute process.cwd are required")
    if not spec.get("root", {}).get("path"):
        raise InvalidParameter("root.path is required")
    for name in _UNSUPPORTED_HOOKS:
        if (spec.get("hooks") or {}).get(name):
            raise InvalidParameter(f"hooks.{name} is not supported")
    return cast(Spec, spec), text


def create(
    root: str, identifier: str, bundle: str, *, console: str = "", pid_file: str = "", preserve: int = 0
) -> None:
    """Make a container that waits at its gate; it is the child of whoever reaps after this process."""
    container, started = _prepare(root, identifier, bundle, preserve, gated=True)
    _hand_terminal(started, console)
    if pid_file:
        Path(pid_file).write_text(str(container.pid), encoding="ascii")


def start(root: str, identifier: str) -> None:
    """Open the gate."""
    container = oci_state.load(root, identifier)
    if container.status != "created":
        raise Conflict(f"cannot start a container that has {container.status}")
    gate = os.open(container.gate, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.write(gate, b"\0")
    finally:
        os.close(gate)
    os.unlink(container.gate)
    _run_hooks(container, "poststart", quiet=True)


def run(root: str, identifier: str, bundle: str, *, detach: bool, console: str, pid_file: str, preserve: int) -> int:
    """Create and start; unless detached wait for the end, clean up and return the exit status."""
    if not detach:
        set_child_subreaper()
    container, started = _prepare(root, identifier, bundle, preserve, gated=False)
    if pid_file:
        Path(pid_file).write_text(str(container.pid), encoding="ascii")
    _run_hooks(container, "poststart", quiet=True)
    if detach:
        _hand_terminal(started, console)
        return 0
    if console:
        _hand_terminal(started, console)
    status = _follow(started, relay=not console)
    _clean_up(container)
    return status


def exec_(
    root: str, identifier: str, process: Process, *, detach: bool, console: str, pid_file: str, preserve: int
) -> int:
    """Run one more process in a running container."""
    container = oci_state.load(root, identifier)
    if container.status not in ("running", "created"):
        raise Conflict(f"cannot exec in a {container.status} container")
    profile = container.spec.get("linux", {}).get("seccomp")
    pidfd = os.pidfd_open(container.pid)
    started = start_exec(
        ExecLaunch(
            process, container.pid, pidfd, Stdio(0, 1, 2), _filter(profile, process), container.group, preserve=preserve
        )
    )
    if pid_file:
        Path(pid_file).write_text(str(started.pid), encoding="ascii")
    if detach or console:
        _hand_terminal(started, console)
    return 0 if detach else _follow(started, relay=not console)


def kill(root: str, identifier: str, number: int, *, everything: bool) -> None:
    """Send a signal to the first process, or to all."""
    container = oci_state.load(root, identifier)
    if everything:
        for pid in container.group.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        return
    if container.status == "stopped":
        raise Conflict("container not running")
    signal.pidfd_send_signal(os.pidfd_open(container.pid), number)


def delete(root: str, identifier: str, *, force: bool) -> None:
    """Remove what is left of a stopped container; with `force` kill it first."""
    container = oci_state.load(root, identifier)
    status = container.status
    if status not in ("stopped", "created") and not force:
        raise Conflict(f"cannot delete container {identifier} that is not stopped: {status}")
    if status != "stopped":
        pidfd = os.pidfd_open(container.pid)
        try:
            container.group.thaw()
        except OSError:
            pass  # never frozen, or no group
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        with selectors.DefaultSelector() as selector:
            selector.register(pidfd, selectors.EVENT_READ)
            selector.select(10)
        os.close(pidfd)
    _clean_up(container)


def pause(root: str, identifier: str) -> None:
    """Freeze a running container."""
    container = oci_state.load(root, identifier)
    if container.status != "running":
        raise Conflict(f"container not running: {container.status}")
    container.group.freeze()
    Path(container.directory, "paused").touch()


def resume(root: str, identifier: str) -> None:
    """Thaw a paused container."""
    container = oci_state.load(root, identifier)
    if container.status != "paused":
        raise Conflict(f"container not paused: {container.status}")
    container.group.thaw()
    Path(container.directory, "paused").unlink()


def update(root: str, identifier: str, resources: Resources) -> list[str]:
    """Change limits; returns warnings."""
    return oci_state.load(root, identifier).group.apply(resources)


def default_spec() -> dict[str, Any]:
    """A configuration to start from."""
    granted = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    quiet = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": oci_state.OCI_VERSION,
        "process": {
            "terminal": True,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), granted),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "pydock",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
            },
            {
                "destination": "/dev/pts",
                "type": "devpts",
                "source": "devpts",
                "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
            },
            {
                "destination": "/dev/shm",
                "type": "tmpfs",
                "source": "shm",
                "options": [*quiet, "mode=1777", "size=65536k"],
            },
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": quiet},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*quiet, "ro"]},
            {
                "destination": "/sys/fs/cgroup",
                "type": "cgroup",
                "source": "cgroup",
                "options": [*quiet, "relatime", "ro"],
            },
        ],
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "maskedPaths": hidden_paths.masked_paths(),
            "readonlyPaths": list(hidden_paths.READONLY_PATHS),
        },
    }


def _prepare(root: str, identifier: str, bundle: str, preserve: int, *, gated: bool) -> tuple[OciContainer, Launched]:
    bundle = os.path.abspath(bundle)
    spec, text = read_spec(bundle)
    path = spec.get("linux", {}).get("cgroupsPath") or f"/pydock-runtime/{identifier}"
    container = oci_state.create(root, identifier, bundle, path, _now(), text)
    gate = -1
    try:
        if gated:
            os.mkfifo(container.gate, 0o600)
            gate = os.open(container.gate, os.O_RDWR | os.O_CLOEXEC)
        started = _launch(container, spec, gate, preserve)
    except BaseException:
        _clean_up(container)
        raise
    finally:
        if gate >= 0:
            os.close(gate)
    born = OciContainer(
        container.id, bundle, container.directory, path, container.created,
        started.pid, oci_state.start_time(started.pid), container.annotations,
    )  # fmt: skip
    born.save()
    for warning in started.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return born, started


def _launch(container: OciContainer, spec: Spec, gate: int, preserve: int) -> Launched:
    linux, process = spec.get("linux", {}), spec["process"]
    resources: Resources = {**linux.get("resources", {})}
    # as runc has it: whatever the rules say, these devices work
    resources["devices"] = [*resources.get("devices", []), *DEFAULT_RULES[1:]]
    for warning in container.group.create(resources):
        print(f"warning: {warning}", file=sys.stderr)
    source = os.path.join(container.bundle, spec.get("root", {}).get("path", ""))

    def born(pid: int) -> None:
        for name in ("prestart", "createRuntime"):
            _run_hooks(container, name, pid=pid)

    hooks = spec.get("hooks") or {}
    return start_container(
        ContainerLaunch(
            spec=spec,
            mountpoint=f"{container.directory}/root",
            rootfs=(Mount("bind", source, "/", ("rbind",)),),
            stdio=Stdio(0, 1, 2),
            seccomp=_filter(linux.get("seccomp"), process),
            cgroup=container.group,
            gate=gate,
            preserve=preserve,
            on_born=born if hooks.get("prestart") or hooks.get("createRuntime") else None,
        )
    )


def _filter(profile: Any, process: Process) -> bytes:
    if not profile:
        return b""
    checked = seccomp.parse(json.dumps(profile))
    return seccomp.compile(checked, process.get("capabilities", {}).get("bounding", []))


def _clean_up(container: OciContainer) -> None:
    _run_hooks(container, "poststop", quiet=True)
    group: Cgroup = container.group
    kill_all(group)
    group.remove()
    container.remove()


def _run_hooks(container: OciContainer, name: str, *, pid: int = 0, quiet: bool = False) -> None:
    """Run the hooks called `name`, each with the container's state on its stdin."""
    hooks = cast(dict[str, list[Hook]], container.spec.get("hooks") or {}).get(name) or []
    if not hooks:
        return
    state = {**container.answer(), **({"status": "creating", "pid": pid} if pid else {})}
    for hook in hooks:
        environment = dict(pair.split("=", 1) for pair in hook.get("env", []) if "=" in pair)
        try:
            subprocess.run(
                hook.get("args") or [hook["path"]],
                executable=hook["path"],
                input=json.dumps(state).encode(),
                env=environment,
                timeout=hook.get("timeout") or None,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            if not quiet:
                raise StepFailed(f"run the {name} hook", 0, hook["path"], str(error)) from error
            print(f"warning: {name} hook {hook['path']}: {error}", file=sys.stderr)


def _hand_terminal(started: Launched, console: str) -> None:
    """Send the terminal to whoever listens on the console socket."""
    if started.terminal < 0:
        return
    if not console:
        raise InvalidParameter("cannot allocate tty if runtime will detach without setting console socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(console)
        socket.send_fds(connection, [b"/dev/pts/0"], [started.terminal])
    os.close(started.terminal)


def _follow(started: Launched, *, relay: bool) -> int:
    """Wait for the process, pass signals and, where it has a terminal of ours, bytes; its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
        signal.signal(number, lambda received, _: signal.pidfd_send_signal(started.pidfd, received))
    if relay and started.terminal >= 0:
        _relay(started.terminal)
    result = os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
    assert result is not None
    return result.si_status if result.si_code == os.CLD_EXITED else 128 + result.si_status


def _relay(master: int) -> None:
    """Copy between this process's terminal and the container's until the latter ends."""

    def resize(*_: object) -> None:
        size = os.get_terminal_size(0)
        set_size(master, size.lines, size.columns)

    restore: Callable[[], None] = lambda: None  # noqa: E731
    if os.isatty(0):
        old = termios.tcgetattr(0)
        restore = lambda: termios.tcsetattr(0, termios.TCSADRAIN, old)  # noqa: E731
        tty.setraw(0)
        resize()
        signal.signal(signal.SIGWINCH, resize)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(master, selectors.EVENT_READ, 1)
            try:
                selector.register(0, selectors.EVENT_READ, master)
            except PermissionError:
                pass  # a plain file on stdin cannot be waited for: it is not relayed
            while True:
                for key, _ in selector.select():
                    try:
                        data = os.read(key.fd, 65536)
                    except OSError:
                        return  # EIO: nobody has the terminal open any more
                    if data:
                        os.write(key.data, data)
                    elif key.fd == 0:
                        selector.unregister(0)
    finally:
        restore()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
