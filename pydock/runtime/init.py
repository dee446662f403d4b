"""The forked child that becomes the container's process: namespaces, the steps, the gate, execve.

`launch` forks it, for the shim or the OCI command line.  It talks to its parent over a SEQPACKET socket that closes at
exec: warnings, the terminal, a failure as (step, errno, path, detail).  Once the root is entered nothing may be
imported or looked up by name: an image may bring its own modules, and Python would run them as root.
"""

import _signal  # type: ignore[import-not-found]
import errno
import fcntl
import gc
import os
import select
import signal
import stat
import sys
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET
from _socket import socket as Socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from pydock.errors import StepFailed
from pydock.go_text import quote
from pydock.linux import process
from pydock.linux.namespaces import setns
from pydock.linux.rebirth import be_reborn
from pydock.runtime import cgroups, supervisor
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.steps import Context, Step, run

#: the first byte of each message to the parent
FAILURE, WARNING, TERMINAL, LISTENER, GROUPED, READY, EXEC = b"F", b"W", b"T", b"L", b"C", b"R", b"E"
REBORN = b"B"
GO = b"G"
#: the room for one descriptor
_ROOM, _CLOEXEC = CMSG_SPACE(4), int(MSG_CMSG_CLOEXEC)


@dataclass(frozen=True, slots=True)
class InitPlan:
    """What the child does.

    ``early``: steps before it joins any namespace.  ``joins``: (descriptor, kinds) for setns(2), in order.
    ``reborn``: then go on as a sibling, born in the pid namespace that was joined: nobody in there sees the process
    before it is in all the others, when with CAP_SYS_PTRACE they could follow its links to the host's files.
    ``group``: where the sibling belongs.
    ``hold``: wait for the parent before anything is done.  ``maps``: it is born in a user namespace, whose ids are
    mapped by then.  ``preserve``: how many descriptors from 3 on the program keeps.  ``supervise``: the program runs
    under a PID 1 that reaps (``--init``).
    """

    steps: tuple[Step, ...]
    args: tuple[str, ...]
    env: tuple[str, ...]
    stdio: tuple[int, int, int]
    early: tuple[Step, ...] = ()
    joins: tuple[tuple[int, int], ...] = ()
    reborn: bool = False
    group: Cgroup | None = None
    hold: bool = False
    maps: bool = False
    gate: int = -1
    preserve: int = 0
    supervise: bool = False


def run_init(prepare: Callable[[Socket], InitPlan], channel: Socket) -> NoReturn:
    """Become the program that `prepare` plans for, or tell the parent why not; never returns."""
    try:
        process.set_parent_death_signal(signal.SIGKILL)
        if is_gone(channel.fileno()):  # the parent had ended before: nobody would clear away what is made here
            os._exit(1)
        plan = prepare(channel)
        channel, gate = _take_stdio(plan, channel)
        _run(plan, channel, gate)
    except StepFailed as failed:
        _send_failure(channel, failed)
    except BaseException as error:  # the parent must learn of it, whatever it is; a traceback would import modules
        _send_failure(channel, StepFailed("set up the process", 0, "", f"{type(error).__name__}: {error}"))
    finally:
        os._exit(1)


def is_gone(descriptor: int) -> bool:
    """Whether nobody has the other end of a socket any more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLHUP)
    return bool(poll.poll(0))


class _NoImports:
    """The only finder that is left: it finds nothing, and says so without looking anywhere."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> NoReturn:
        raise ImportError(f"no imports in here: {name}")


#: what was replaced lives on: freeing it would copy the pages that all containers' set-ups share
_kept: list[object] = []


def seal_imports() -> None:
    """From here on an import fails instead of searching directories."""
    _kept.extend((sys.path, sys.meta_path, sys.path_hooks, sys.path_importer_cache))
    sys.path, sys.path_hooks, sys.path_importer_cache = [], [], {}
    sys.meta_path = [_NoImports]


def tell_warning(channel: Socket, text: str) -> None:
    """Say what the user should know, for who prepares."""
    _tell(channel, WARNING + os.fsencode(text))


def tell_grouped(channel: Socket, doors: Sequence[str]) -> None:
    """Say that the group is there to be moved into, by the files `doors`, for who prepares."""
    _tell(channel, GROUPED + os.fsencode("\n".join(doors)))


def send_listener(channel: Socket, listener: int, mounts: int) -> None:
    """Give the parent the socket on which it can be found, and the mount namespace."""
    _send_descriptors(channel, LISTENER, listener, mounts)


def await_call(channel: Socket) -> int:
    """Wait for the parent's `Newborn.call`, for who prepares: the network namespace that came with it, -1 for none."""
    word, netns = receive_with_one(channel, 1)
    if not word:
        os._exit(1)  # it was given up, or the parent is gone
    return netns


def receive_with_one(sock: Socket, length: int) -> tuple[bytes, int]:
    """A word of at most `length` bytes and the descriptor that came with it, -1 for none; touches little."""
    word, ancillary, _, _ = sock.recvmsg(length, _ROOM, _CLOEXEC)
    return word, int.from_bytes(ancillary[0][2][:4], sys.byteorder) if ancillary else -1


def _run(plan: InitPlan, channel: Socket, gate: int) -> NoReturn:
    gc.disable()
    process.set_dumpable(False)
    process.set_name("pydock-init")
    _default_signals()
    supervisor_program = supervisor.load() if plan.supervise else -1
    seal_imports()
    released = False

    def await_cgroup() -> None:
        nonlocal released
        if not released and channel.recv(1) != GO:
            raise StepFailed("join the control group", 0, "", "the parent is gone")
        released = True

    context = Context(
        send_terminal=lambda master: _send_descriptors(channel, TERMINAL, master), await_cgroup=await_cgroup
    )
    if plan.hold:
        await_cgroup()
    if plan.maps:
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    run(plan.early, context)
    doors, directory = _open_group(plan.group)
    # the parent's, where the sibling finds by what number the parent knows it
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if plan.reborn else -1
    for descriptor, kinds in plan.joins:
        try:
            setns(descriptor, kinds)
        except OSError as error:
            raise StepFailed("join a namespace", error.errno or 0) from None
    if plan.reborn:
        _go_on_as_sibling(channel, proc, doors, directory)
        released = True
    os.umask(0)
    context.root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        run(plan.steps, context)
    finally:
        await_cgroup()  # the parent must know whose failure it hears of, to reap it
    for warning in context.warnings:
        tell_warning(channel, warning)
    environment = _environment(plan.env, context.home)
    process.set_parent_death_signal(0)
    if gate >= 0:
        _tell(channel, READY)
        # the parent goes its way; from here on a failure can only be told on stderr
        channel.close()
        os.read(gate, 1)
    process.close_on_exec_range(3 + plan.preserve)
    program = _find(plan.args[0], environment.get("PATH", ""))
    if plan.supervise:
        _supervise(supervisor_program, channel, program, plan.args, environment)
    _tell(channel, EXEC)
    _execute(program, plan.args, environment)


def _open_group(group: Cgroup | None) -> tuple[list[int], int]:
    """What moves a process into `group`, and the directory that it can be born in instead (-1 for none), opened here.

    Where the process will be they cannot be found.
    """
    if group is None:
        return [], -1
    try:
        directory = group.descriptor()
        if directory >= 0:
            return [], directory
        return [os.open(door, os.O_WRONLY | os.O_CLOEXEC) for door in cgroups.doors(group)], -1
    except OSError as error:
        raise StepFailed("join the control group", error.errno or 0, os.fsdecode(error.filename or "")) from None


def _go_on_as_sibling(channel: Socket, proc: int, doors: list[int], directory: int) -> None:
    """Return in a sibling that takes the process's place, in its group, once the parent can know of it.

    It alone is in the group, which may have room for one.
    """
    try:
        be_reborn(directory)
    except OSError as error:
        raise StepFailed("fork the process", error.errno or 0) from None
    process.set_parent_death_signal(signal.SIGKILL)
    if is_gone(channel.fileno()):
        os._exit(1)
    pid = int(os.readlink("self", dir_fd=proc))
    own = os.pidfd_open(os.getpid())
    _send_descriptors(channel, REBORN + pid.to_bytes(4, sys.byteorder), own)
    try:
        for door in doors:
            os.write(door, b"0")
    except OSError as error:
        raise StepFailed("join the control group", error.errno or 0) from None
    for descriptor in (own, proc, *doors, *((directory,) if directory >= 0 else ())):
        os.close(descriptor)


def _supervise(
    descriptor: int, channel: Socket, program: str, args: tuple[str, ...], environment: dict[str, str]
) -> None:
    """Have the program run by a PID 1 that reaps; returns in the process that is to exec it, where that is Python's."""
    if descriptor >= 0:
        try:
            supervisor.become(descriptor, channel.fileno(), program, args, environment)
        except OSError:
            pass  # memory files may not be executed here (vm.memfd_noexec): Python stays instead
    child = os.fork()
    if child:
        channel.close()
        supervisor.supervise(child)
    _new_foreground_group()


def _default_signals() -> None:
    """Undo the caller's handlers and what Python ignores; the rest is as exec would leave it."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in range(1, signal.NSIG):
        # the C module's calls: those of `signal` make an enum of every answer
        if _signal.getsignal(number) not in (_signal.SIG_DFL, None):
            _signal.signal(number, _signal.SIG_DFL)
    process.default_hidden_signals()


def _take_stdio(plan: InitPlan, channel: Socket) -> tuple[Socket, int]:
    """Put the standard streams in place, after moving what must live on out of their way."""
    floor = 3 + plan.preserve
    lifted = []
    for descriptor in plan.stdio:
        if descriptor < 0:
            descriptor = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        lifted.append(_lift(descriptor, floor))
    moved = Socket(fileno=_lift(channel.fileno(), floor))
    channel.detach()
    gate = _lift(plan.gate, floor) if plan.gate >= 0 else -1
    for target, descriptor in enumerate(lifted):
        os.dup2(descriptor, target)
    return moved, gate


def _lift(descriptor: int, floor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, floor)


def _environment(pairs: tuple[str, ...], home: str) -> dict[str, str]:
    environment: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if name and separator:
            environment[name] = value
    if not environment.get("HOME"):
        environment["HOME"] = home or "/"
    return environment


def _new_foreground_group() -> None:
    """The program under an init has the terminal's foreground to itself, where there is one."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, os.getpid())
    except OSError:
        pass  # not a terminal
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def _execute(program: str, args: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    try:
        os.execve(program, args, environment)
    except OSError as error:
        detail = f"exec {program}: {os.strerror(error.errno or 0).lower()}"
        raise StepFailed("exec", error.errno or 0, args[0], detail) from None
    except ValueError as error:
        raise StepFailed("exec", errno.EINVAL, args[0], f"{error}") from None


def _find(name: str, search: str) -> str:
    """The program's path: looked for along the container's PATH where the name has no slash."""
    quoted = quote(name)
    if "/" in name:
        reason = _why_not(name)
        if reason:
            text = os.strerror(reason).lower()
            detail = f"exec: {quoted}: stat {name}: {text}" if reason == errno.ENOENT else f"exec: {quoted}: {text}"
            raise StepFailed("exec", reason, name, detail)
        return name
    for directory in search.split(":"):
        candidate = f"{directory or '.'}/{name}"
        if name and not _why_not(candidate):
            return candidate
    raise StepFailed("exec", errno.ENOENT, name, f"exec: {quoted}: executable file not found in $PATH")


def _why_not(path: str) -> int:
    """The errno for which `path` cannot be a program, 0 where it can."""
    try:
        status = os.stat(path)
    except OSError as error:
        return error.errno or errno.ENOENT
    except ValueError:
        return errno.EINVAL
    if stat.S_ISDIR(status.st_mode):
        return errno.EISDIR
    return 0 if os.access(path, os.X_OK) else errno.EACCES


def _tell(channel: Socket, message: bytes) -> None:
    """Send by write(2), which the strictest seccomp profile allows; nothing where the channel is closed."""
    if channel.fileno() >= 0:
        os.write(channel.fileno(), message)


def _send_failure(channel: Socket, failed: StepFailed) -> None:
    if channel.fileno() < 0:
        os.write(2, os.fsencode(f"{failed}\n"))
        return
    texts = (failed.step, str(failed.errno), failed.path, failed.detail)
    _tell(channel, FAILURE + b"\0".join(os.fsencode(text.replace("\0", " "))[:4096] for text in texts))


def _send_descriptors(channel: Socket, kind: bytes, *descriptors: int) -> None:
    rights = b"".join(descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors)
    channel.sendmsg([kind], [(SOL_SOCKET, SCM_RIGHTS, rights)])
