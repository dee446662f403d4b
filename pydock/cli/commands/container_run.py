"""`run`: make a container, attach to it, start it, and end with its exit code."""

from pydock.cli.commands.container_create import make, prepare, with_help
from pydock.cli.create import flags as create_flags
from pydock.cli.exits import Exit
from pydock.cli.spec import Command
from pydock.client import containers, json_text
from pydock.errors import Conflict, PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.client.engine import Answer
    from pydock.client.wire import Connection

_NOT_FOUND = ("executable file not found", "no such file or directory", "system cannot find the file specified")
_NOT_ALLOWED = ("permission denied", "is a directory")


def run(console: "Console", options: "Options", arguments: "list[str]") -> int:
    """The main path: create, attach, wait, start, relay, exit code."""
    body = prepare(console, options, arguments, "run")
    if not options.detach:
        if options.tty and options.interactive:
            from pydock.cli.terminal import check_input

            check_input(console, True, True)
    else:
        if options.attach:
            raise Exit("conflicting options: cannot specify both --attach and --detach")
        for key in ("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"):
            body[key] = False
    console.engine()  # that there is none is nothing that the daemon said
    try:
        identity = make(console, options, body)
    except PydockError as error:
        raise status_error(console, error) from error
    except Exit as error:
        raise status_error(console, PydockError(error.message)) from None
    streams = [name for name in ("stdin", "stdout", "stderr") if body["Attach" + name.capitalize()]]
    if options.sig_proxy and not options.detach:
        from pydock.cli.signals import forward_signals

        forward_signals(console, identity)
    if not streams:
        console.out.line(identity)
        console.out.flush()
        _start(console, identity, None)
        return 0
    return _foreground(console, options, identity, streams)


def _foreground(console: "Console", options: "Options", identity: str, streams: "list[str]") -> int:
    engine = console.engine()
    text = options.detach_keys or console.config.text("detachKeys")
    connection = containers.attach(engine, identity, streams, text)
    removed = options.rm and containers.removes_itself(engine)
    waiting = containers.wait(engine, identity, "removed" if removed else "next-exit")
    try:
        _start(console, identity, waiting if removed else None)
        return follow(console, options.tty, identity, streams, text, connection, waiting)
    finally:
        if options.rm and not removed:
            _remove(console, identity)


def _start(console: "Console", identity: str, removal: "Answer | None") -> None:
    try:
        containers.start(console.engine(), identity)
    except PydockError as error:
        if removal is not None:
            # the daemon removes it: don't end before it is gone
            _status(console, removal)
        raise status_error(console, error) from error


def _remove(console: "Console", identity: str) -> None:
    try:
        containers.remove(console.engine(), identity, volumes=True)
    except Conflict:
        pass  # it runs on: the user has detached
    except PydockError as error:
        console.err.line(f"error removing container: {error.message}")


def follow(
    console: "Console",
    tty: bool,
    identity: str,
    streams: "list[str]",
    keys: str,
    connection: "Connection",
    waiting: "Answer",
) -> int:
    """Relay an attached container's streams to their end; its exit code, 0 where the user detached."""
    from pydock.cli.relay import Detached, Relay

    started = None
    escape = b""
    if tty:
        from pydock.cli import terminal

        escape = terminal.detach_keys(keys, console.warn)
        if console.out.is_terminal():
            resizing = console.another_engine()

            def started() -> None:
                terminal.watch_size(console, lambda height, width: containers.resize(resizing, identity, height, width))

    relay = Relay(console, connection, tty, escape)
    try:
        relay.run("stdin" in streams, "stdout" in streams, "stderr" in streams, started)
    except Detached:
        return 0
    return _status(console, waiting)


def _status(console: "Console", waiting: "Answer") -> int:
    try:
        answer: dict[str, Any] = json_text.loads(waiting.read())
    except (PydockError, OSError, ValueError) as error:
        console.err.line(f"error waiting for container: {error}")
        return 125
    if problem := answer.get("Error"):
        console.err.line(f"Error waiting for container: {problem.get('Message', '')}")
        return 125
    return int(answer["StatusCode"])


def status_error(console: "Console", error: PydockError) -> Exit:
    """The way `run` ends when the daemon refuses: 127 no such program, 126 not executable, 125 all else."""
    message = error.message
    code = 125
    if any(text in message for text in _NOT_FOUND):
        code = 127
    elif any(text in message for text in _NOT_ALLOWED):
        code = 126
    return Exit(with_help(console, message, "run"), code)


COMMAND = Command(
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    "Make a container of an image and start it",
    run,
    create_flags.common(detach_keys=True),
    (1, -1),
    "container run, run",
)
COMMAND.interspersed = False
