"""`start`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, hidden, text
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> int:
    """Start containers; with --attach or --interactive, one, in the foreground."""
    if options.checkpoint or options.checkpoint_dir:
        raise Exit("checkpoints are not supported")
    if options.attach or options.interactive:
        if len(arguments) > 1:
            raise Exit("you cannot start and attach multiple containers at once")
        return _foreground(console, options, arguments[0])
    failed: list[str] = []
    for name in arguments:
        try:
            containers.start(console.engine(), name)
        except PydockError as error:
            console.err.line(error.message)
            failed.append(name)
            continue
        console.out.line(name)
    if failed:
        raise Exit(f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _foreground(console: "Console", options: "Options", name: str) -> int:
    from pydock.cli.commands.container_run import follow

    engine = console.engine()
    found = containers.inspect(engine, name)
    identity, config = found["Id"], found["Config"]
    if not config["Tty"]:
        from pydock.cli.signals import forward_signals

        forward_signals(console, identity)
    keys = options.detach_keys or console.config.text("detachKeys")
    stdin = options.interactive and config["OpenStdin"]
    streams = ["stdin", "stdout", "stderr"] if stdin else ["stdout", "stderr"]
    connection = containers.attach(engine, identity, streams, keys)
    gone = bool(found["HostConfig"]["AutoRemove"])
    waiting = containers.wait(engine, identity, "removed" if gone else "next-exit")
    try:
        containers.start(engine, identity)
    except PydockError:
        if gone:
            waiting.read()
        raise
    return follow(console, bool(config["Tty"]), identity, streams, keys, connection, waiting)


COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Start containers that don't run",
    run,
    (
        boolean("attach", "Attach stdout and stderr, and forward signals", "a"),
        boolean("interactive", "Attach the container's stdin", "i"),
        text("detach-keys", "Keys that detach from the container"),
        hidden(text("checkpoint", "Restore from this checkpoint")),
        hidden(text("checkpoint-dir", "Folder of the checkpoints")),
    ),
    (1, -1),
    "container start, start",
)
