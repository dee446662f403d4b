"""Every word that pydockd, the zygote and the shims say to each other.

A message is a frozen dataclass, sent as one JSON datagram over a SOCK_SEQPACKET socket; descriptors
travel beside it (SCM_RIGHTS) in the order that the message's docstring gives.  No pydantic here: the
zygote and every shim carry this module.

    pydockd ──StartContainer──▶ zygote          (forks the shim, and that the container's first process)
    pydockd ──Proceed──▶ shim                   (on the control socket that came with StartContainer)
    pydockd ◀──Started│StartFailed── shim
    pydockd ──AttachStream│StartExec│AbandonExec│Resize│Signal│HoldPorts│Query──▶ shim
    pydockd ◀──Done│Failed│State│ExecStarted│ExecFailed│ExecExited│Detached│Exited── shim

A daemon that comes back connects to ``<bundle>/shim.sock`` and says the same words.
"""

from dataclasses import dataclass, field
from typing import Any

#: the version of the vocabulary; a shim of another version is told so in `State`
PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class ClientStream:
    """A client's upgraded connection, given away to the shim; its descriptor travels beside it.

    ``raw``: bytes as they are (a terminal); otherwise stdcopy frames.  ``detach_keys``: the key
    sequence, as bytes in latin-1, that ends the attachment.  ``early``: what the client sent
    before the hand-over, in latin-1.  ``head``: what it is to be told before all else, in
    latin-1: whoever has seen that is the shim's, whatever becomes of the daemon.  ``replay``: send the
    log so far first, what was written since ``replay_since`` (nanoseconds since the epoch; 0 for all); ``live``: go on
    with what comes.  When all it wanted has ended the shim shuts the connection down.
    """

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    raw: bool = False
    detach_keys: str = ""
    early: str = ""
    head: str = ""
    replay: bool = False
    replay_since: int = 0
    live: bool = True


@dataclass(frozen=True, slots=True)
class Log:
    """Where the container's output is kept: driver, file (for those that have one), options as text.

    ``cache``: the file, in the local driver's format, that a driver which cannot be read keeps beside; "" for none.
    ``tag``, the id and the names are what syslog and journald tell of the container.
    """

    driver: str = "json-file"
    path: str = ""
    options: dict[str, str] = field(default_factory=dict)
    #: the attributes (labels, environment, and for json-file and local the tag) that are added to each entry
    attributes: dict[str, str] = field(default_factory=dict)
    cache: str = ""
    tag: str = ""
    container_id: str = ""
    container_name: str = ""
    image_name: str = ""


@dataclass(frozen=True, slots=True)
class StartContainer:
    """pydockd to zygote, with the control socket.  The shim and the container's first process are born, and wait there
    for `Proceed`: nothing of the container is made before.  Where the socket closes instead they end.  Requests that
    come before `Proceed` are heard when the program runs, before its output is read.

    ``bundle`` will hold ``config.json`` (OCI runtime spec, ``root.path`` ignored).  What that says of where the first
    process is born stands in here too: ``new_namespaces`` (clone(2)'s flags) and the path of the ``pid_namespace``, ""
    for none; and its ``cgroup``.  The first process makes ``shim.sock`` and ``shim.pid`` (pid and start time) in the
    bundle, the shim at the end ``exit.json``.  ``rootfs`` are the mounts, as ``pydock.linux.mounts.Mount`` fields, that
    make the root file system.  ``seccomp_filter`` is the path of a compiled BPF program, "" for none.
    """

    id: str
    bundle: str
    rootfs: list[dict[str, Any]]
    new_namespaces: int
    pid_namespace: str = ""
    cgroup: str = ""
    seccomp_filter: str = ""
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    init: bool = False
    log: Log = field(default_factory=Log)


@dataclass(frozen=True, slots=True)
class Proceed:
    """pydockd to shim: what the container needs stands ready.  With the network namespace that it joins, if any.

    The shim, which stays small, does not read it: it knows it by its bytes, ``channel.PROCEED``.
    """


@dataclass(frozen=True, slots=True)
class Started:
    """The container's program runs (its exec was seen to succeed).  Times: nanoseconds since the epoch.

    ``warnings``: what this kernel could not do, in words for the user.
    """

    shim_pid: int
    init_pid: int
    started_at: int
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The container did not come to life; nothing of it is left.

    ``step`` is the description of the step that failed; ``exec`` for execve itself.
    """

    step: str
    errno: int = 0
    path: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AttachStream:
    """pydockd to shim, with one descriptor.  ``exec_id`` "" means the container itself.  Answer: Done, Failed."""

    request: int
    stream: ClientStream
    exec_id: str = ""


@dataclass(frozen=True, slots=True)
class StartExec:
    """pydockd to shim, with one descriptor for each of ``streams``.  Answer: ExecStarted or ExecFailed.

    ``process`` is an OCI ``process`` object.  Streams that nobody asked for go to /dev/null.
    """

    exec_id: str
    process: dict[str, Any]
    seccomp_filter: str = ""
    privileged: bool = False
    open_stdin: bool = False
    streams: list[ClientStream] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AbandonExec:
    """pydockd to shim: kill an exec whose program does not run yet.  Answer: its ExecFailed, where that is so."""

    exec_id: str


@dataclass(frozen=True, slots=True)
class ExecStarted:
    """The exec's program runs under ``pid`` (as the host counts)."""

    exec_id: str
    pid: int


@dataclass(frozen=True, slots=True)
class ExecFailed:
    """The exec did not start; fields as `StartFailed`."""

    exec_id: str
    step: str
    errno: int = 0
    path: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ExecExited:
    """An exec ended; its output has been delivered.  ``exit_code`` is 128+n after a signal."""

    exec_id: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Resize:
    """Set the size of the terminal of the container ("") or of an exec.  Answer: Done, Failed."""

    request: int
    height: int
    width: int
    exec_id: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """Send a signal to the container's init (never to a process that took over its number).  Answer: Done, Failed."""

    request: int
    signal: int


@dataclass(frozen=True, slots=True)
class HoldPorts:
    """Keep these descriptors (reserved ports) to the container's end.  Answer: Done.

    ``relay``: the file that tells where they lead, for those that the kernel does not lead there (see
    ``relay.targets``); "" where nobody is to.
    """

    request: int
    relay: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for `State`."""

    request: int


@dataclass(frozen=True, slots=True)
class State:
    """What the shim has: the answer to `Query`."""

    request: int
    protocol: int
    shim_pid: int
    init_pid: int
    started_at: int
    execs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Done:
    """The request was carried out."""

    request: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The request was not carried out."""

    request: int
    errno: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Detached:
    """A client left by its detach keys, from the container ("") or an exec."""

    exec_id: str = ""


@dataclass(frozen=True, slots=True)
class Exited:
    """The container ended, its output is in the log and delivered, ``exit.json`` holds this message.

    ``exit_code`` is 128+n after a signal.  ``finished_at``: nanoseconds since the epoch.
    """

    exit_code: int
    oom_killed: bool
    finished_at: int


Message = (
    StartContainer
    | Proceed
    | Started
    | StartFailed
    | AttachStream
    | StartExec
    | AbandonExec
    | ExecStarted
    | ExecFailed
    | ExecExited
    | Resize
    | Signal
    | HoldPorts
    | Query
    | State
    | Done
    | Failed
    | Detached
    | Exited
)
