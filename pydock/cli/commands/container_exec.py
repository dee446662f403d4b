"""`exec`: one more process in a running container."""

from pydock.cli.create.flags import later
from pydock.cli.flags import boolean, listing, text
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options", command: "list[str]", keys: str, size: "tuple[int, int]") -> "dict[str, Any]":
    """The body of POST /containers/{id}/exec."""
    from pydock.cli.create.request import variables

    attached = not options.detach
    body: dict[str, Any] = {
        "User": options.user,
        "Privileged": options.privileged,
        "Tty": options.tty,
        "AttachStdin": attached and options.interactive,
        "AttachStdout": attached,
        "AttachStderr": attached,
        "DetachKeys": options.detach_keys or keys,
        "Env": variables(options.env_file, options.env) or None,
        "WorkingDir": options.workdir,
        "Cmd": command,
    }
    if options.tty:
        body["ConsoleSize"] = list(size)
    return body


def run(console: "Console", options: "Options", arguments: "list[str]") -> int:
    """Start the process, relay its streams, end with its exit code."""
    name, *command = arguments
    engine = console.engine()
    body = build_request(options, command, console.config.text("detachKeys"), console.out.size())
    if not options.detach and options.tty and options.interactive:
        from pydock.cli.terminal import check_input

        # a container that isn't there is the more interesting error
        containers.inspect(engine, name)
        check_input(console, True, True)
    identity = containers.exec_create(engine, name, body)
    start: dict[str, Any] = {"Detach": options.detach, "Tty": options.tty}
    if options.tty:
        start["ConsoleSize"] = body["ConsoleSize"]
    if options.detach:
        containers.exec_start(engine, identity, start)
        return 0
    _relay(console, options, identity, start, body["DetachKeys"])
    try:
        return int(containers.exec_inspect(engine, identity)["ExitCode"] or 0)
    except PydockError as error:
        console.debug(error.message)
        raise


def _relay(console: "Console", options: "Options", identity: str, start: "dict[str, Any]", keys: str) -> None:
    from pydock.cli.relay import Relay

    connection = containers.exec_attach(console.engine(), identity, start)
    started = None
    escape = b""
    if options.tty:
        from pydock.cli import terminal

        escape = terminal.detach_keys(keys, console.warn)
        if console.out.is_terminal():
            resizing = console.another_engine()

            def started() -> None:
                def resize(height: int, width: int) -> None:
                    containers.exec_resize(resizing, identity, height, width)

                terminal.watch_size(console, resize)

    Relay(console, connection, options.tty, escape).run(options.interactive, True, True, started)


COMMAND = Command(
    "[OPTIONS] CONTAINER COMMAND [ARG...]",
    "Run one more process in a running container",
    run,
    (
        text("detach-keys", "Keys that detach from the process"),
        boolean("interactive", "Keep stdin open even if not attached", "i"),
        boolean("tty", "Allocate a pseudo-terminal", "t"),
        boolean("detach", "Run the command in the background", "d"),
        text("user", 'User name or ID, and group: "<name|uid>[:<group|gid>]"', "u"),
        boolean("privileged", "Give the process all that root on the host has"),
        listing("env", "Set an environment variable", "e", check=later("environment")),
        listing("env-file", "Read environment variables from a file"),
        text("workdir", "Working directory inside the container", "w"),
    ),
    (2, -1),
    "container exec, exec",
)
COMMAND.interspersed = False
