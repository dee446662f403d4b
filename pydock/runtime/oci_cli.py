"""``pydock-runtime``: the OCI runtime command line, for those who drive containers without the daemon.

Arguments and output are runc's, so that containerd or podman can be pointed at it.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pydock import __version__
from pydock.errors import InvalidParameter, PydockError
from pydock.runtime import capabilities, oci_commands, oci_features, oci_state, sealed_python
from pydock.runtime.spec import Process, Resources

_ROOT = "/run/pydock-runtime"
#: those whose processes enter a container
_ENTERING = ("create", "run", "exec")


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of ``pydock-runtime``."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in _ENTERING:
            sealed_python.become_copy()
        sys.exit(_dispatch(options))
    except (PydockError, OSError) as error:
        message = error.message if isinstance(error, PydockError) else str(error)
        if options.log:
            entry = {"level": "error", "msg": message}
            with open(options.log, "a", encoding="utf-8") as file:
                file.write(
                    json.dumps(entry) + "\n" if options.log_format == "json" else f"level=error msg={message!r}\n"
                )
        print(message, file=sys.stderr)
        sys.exit(1)


def _dispatch(options: argparse.Namespace) -> int:
    root: str = options.root
    match options.command:
        case "create":
            oci_commands.create(
                root, options.id, options.bundle, console=options.console_socket, pid_file=options.pid_file,
                preserve=options.preserve_fds,
            )  # fmt: skip
        case "start":
            oci_commands.start(root, options.id)
        case "run":
            return oci_commands.run(
                root, options.id, options.bundle, detach=options.detach, console=options.console_socket,
                pid_file=options.pid_file, preserve=options.preserve_fds,
            )  # fmt: skip
        case "exec":
            return oci_commands.exec_(
                root, options.id, _process(options), detach=options.detach, console=options.console_socket,
                pid_file=options.pid_file, preserve=options.preserve_fds,
            )  # fmt: skip
        case "kill":
            oci_commands.kill(root, options.id, _signal(options.signal), everything=options.all)
        case "delete":
            oci_commands.delete(root, options.id, force=options.force)
        case "pause":
            oci_commands.pause(root, options.id)
        case "resume":
            oci_commands.resume(root, options.id)
        case "update":
            for warning in oci_commands.update(root, options.id, _resources(options)):
                print(f"warning: {warning}", file=sys.stderr)
        case _:
            _show(options)
    return 0


def _show(options: argparse.Namespace) -> None:
    """The commands that only tell something."""
    match options.command:
        case "state":
            print(json.dumps(oci_state.load(options.root, options.id).answer(), indent=2))
        case "list":
            _list(options)
        case "ps":
            pids = oci_state.load(options.root, options.id).group.pids()
            if options.format == "json":
                print(json.dumps(pids))
            else:
                os.execvp("ps", ["ps", "-f", "-p", ",".join(map(str, pids)) or "0"])
        case "spec":
            target = Path(options.bundle, "config.json")
            if target.exists():
                raise InvalidParameter(f"File {target} exists. Remove it first")
            target.write_text(json.dumps(oci_commands.default_spec(), indent=2) + "\n", encoding="utf-8")
        case "features":
            print(json.dumps(oci_features.features(), indent=2))


def _list(options: argparse.Namespace) -> None:
    containers = oci_state.everything(options.root)
    if options.quiet:
        print(*(container.id for container in containers), sep="\n", end="\n" if containers else "")
    elif options.format == "json":
        print(json.dumps([container.answer() for container in containers]))
    else:
        print(f"{'ID':<20}{'PID':<10}{'STATUS':<12}{'BUNDLE':<30}CREATED")
        for container in containers:
            state = container.answer()
            print(f"{state['id']:<20}{state['pid']:<10}{state['status']:<12}{state['bundle']:<30}{state['created']}")


def _process(options: argparse.Namespace) -> Process:
    """The process to exec: from a file, or the container's own with what the options change."""
    if options.process:
        return cast(Process, json.loads(Path(options.process).read_bytes()))
    if not options.arguments:
        raise InvalidParameter("exec needs a program, or --process")
    process: Process = {**oci_state.load(options.root, options.id).spec["process"]}
    process["args"] = options.arguments
    process["terminal"] = options.tty
    process["env"] = [*process.get("env", []), *options.env]
    if options.cwd:
        process["cwd"] = options.cwd
    if options.user:
        uid, _, gid = options.user.partition(":")
        if not uid.isdigit() or (gid and not gid.isdigit()):
            raise InvalidParameter(f"--user takes numbers: {options.user!r}")
        process["user"] = {"uid": int(uid), "gid": int(gid or 0)}
    if options.no_new_privs:
        process["noNewPrivileges"] = True
    for name in options.cap:
        sets = cast(dict[str, list[str]], process.setdefault("capabilities", {}))
        for key in ("bounding", "effective", "permitted"):
            sets[key] = [*sets.get(key, []), capabilities.normalise(name)]
    return process


def _resources(options: argparse.Namespace) -> Resources:
    if options.resources:
        text = sys.stdin.buffer.read() if options.resources == "-" else Path(options.resources).read_bytes()
        return cast(Resources, json.loads(text))
    values: dict[str, Any] = {
        "memory": {"limit": options.memory, "swap": options.memory_swap, "reservation": options.memory_reservation},
        "cpu": {
            "shares": options.cpu_share, "quota": options.cpu_quota, "period": options.cpu_period,
            "cpus": options.cpuset_cpus, "mems": options.cpuset_mems,
        },
        "pids": {"limit": options.pids_limit},
    }  # fmt: skip
    given = {kind: {key: value for key, value in keys.items() if value is not None} for kind, keys in values.items()}
    return cast(Resources, {kind: keys for kind, keys in given.items() if keys})


def _signal(text: str) -> int:
    if text.isdigit():
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    number = getattr(signal, name, None)
    if not isinstance(number, signal.Signals):
        raise InvalidParameter(f"unknown signal {text!r}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pydock-runtime", description="run OCI containers")
    parser.add_argument("--version", "-v", action="version", version=f"pydock-runtime version {__version__}")
    parser.add_argument("--root", default=_ROOT, help="directory for the containers' state")
    parser.add_argument("--log", default="", help="file for errors")
    parser.add_argument("--log-format", default="text", choices=["text", "json"])
    parser.add_argument("--debug", action="store_true", help="accepted; there is nothing more to tell")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, help_: str, *, identified: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_)
        if identified:
            added.add_argument("id")
        return added

    for name, help_ in (("create", "make a container"), ("run", "make and start a container")):
        added = command(name, help_)
        added.add_argument("--bundle", "-b", default=".")
        added.add_argument(
            "--no-pivot", action="store_true", help="accepted and not obeyed: the root is always pivoted"
        )
        _process_options(added)
        if name == "run":
            added.add_argument("--detach", "-d", action="store_true")
    command("start", "start a created container")
    _exec_options(command("exec", "run one more process"))
    added = command("kill", "send a signal")
    added.add_argument("signal", nargs="?", default="SIGTERM")
    added.add_argument("--all", "-a", action="store_true")
    command("delete", "remove a stopped container").add_argument("--force", "-f", action="store_true")
    for name in ("pause", "resume", "state"):
        command(name, f"{name} a container")
    _update_options(command("update", "change limits"))
    command("ps", "list a container's processes").add_argument("--format", "-f", default="table")
    added = command("list", "list containers", identified=False)
    added.add_argument("--format", "-f", default="table", choices=["table", "json"])
    added.add_argument("--quiet", "-q", action="store_true")
    command("spec", "write a config.json", identified=False).add_argument("--bundle", "-b", default=".")
    command("features", "tell what this runtime can do", identified=False)
    return parser


def _process_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--console-socket", default="")
    parser.add_argument("--pid-file", default="")
    parser.add_argument("--preserve-fds", type=int, default=0)


def _exec_options(parser: argparse.ArgumentParser) -> None:
    _process_options(parser)
    parser.add_argument("--detach", "-d", action="store_true")
    parser.add_argument("--process", "-p", default="")
    parser.add_argument("--tty", "-t", action="store_true")
    parser.add_argument("--env", "-e", action="append", default=[])
    parser.add_argument("--cwd", default="")
    parser.add_argument("--user", "-u", default="")
    parser.add_argument("--cap", "-c", action="append", default=[])
    parser.add_argument("--no-new-privs", action="store_true")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def _update_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--resources", "-r", default="")
    for name in ("memory", "memory-swap", "memory-reservation", "cpu-share", "cpu-quota", "cpu-period", "pids-limit"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("cpuset-cpus", "cpuset-mems"):
        parser.add_argument(f"--{name}")


if __name__ == "__main__":
    main()
