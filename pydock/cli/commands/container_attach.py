"""`attach`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, text
from pydock.cli.spec import Command
from pydock.client import containers, json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> int:
    """Relay the streams of a running container; end with its exit code."""
    from pydock.cli import terminal
    from pydock.cli.relay import Relay

    engine = console.engine()
    found = _running(console, arguments[0])
    waiting = containers.wait(console.another_engine(), found["Id"])
    tty = bool(found["Config"]["Tty"])
    terminal.check_input(console, not options.no_stdin, tty)
    keys = options.detach_keys or console.config.text("detachKeys")
    stdin = not options.no_stdin and bool(found["Config"]["OpenStdin"])
    if options.sig_proxy and not tty:
        from pydock.cli.signals import forward_signals

        forward_signals(console, found["Id"])
    streams = ["stdin", "stdout", "stderr"] if stdin else ["stdout", "stderr"]
    connection = containers.attach(engine, found["Id"], streams, keys)
    # it may have ended between the look and the attachment, and then nothing would ever come
    _running(console, arguments[0])
    started = None
    if tty and console.out.is_terminal():
        resizing = console.another_engine()

        def started() -> None:
            height, width = console.out.size()
            # a change of size makes most programs draw again, so do one even where the size is the same
            containers.resize(resizing, found["Id"], height + 1, width + 1)
            terminal.watch_size(console, lambda height, width: containers.resize(resizing, found["Id"], height, width))

    Relay(console, connection, tty, terminal.detach_keys(keys, console.warn)).run(stdin, True, True, started)
    answer = json_text.loads(waiting.read())
    if problem := answer.get("Error"):
        raise Exit(str(problem.get("Message", "")))
    return int(answer["StatusCode"])


def _running(console: "Console", name: str) -> "dict[str, Any]":
    found = containers.inspect(console.engine(), name)
    state = found["State"]
    if not state["Running"]:
        raise Exit("You cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise Exit("You cannot attach to a paused container, unpause it first")
    if state["Restarting"]:
        raise Exit("You cannot attach to a restarting container, wait until it is running")
    return found


COMMAND = Command(
    "[OPTIONS] CONTAINER",
    "Connect this terminal's streams to those of a running container",
    run,
    (
        boolean("no-stdin", "Don't attach stdin"),
        boolean("sig-proxy", "Forward all signals to the process", default=True),
        text("detach-keys", "Keys that detach from the container"),
    ),
    (1, 1),
    "container attach, attach",
)
