"""The program `pydock`: global flags, then a command's own, then its work.  The console script calls `main`.

Commands are click commands (`click_tree` has the tree, with help and completion); but importing click costs as much
as starting two containers, so a plain call parses the same declarations without it.
"""

import os
import sys

from pydock.cli import index
from pydock.cli.console import LEVELS, Console, Output
from pydock.cli.exits import Exit, FlagError
from pydock.cli.flags import Flag, Options, boolean, parse, text
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from pydock.cli.spec import Command


#: set by the scripts that `completion` prints, when a shell completes a command line
COMPLETION = "_PYDOCK_COMPLETE"


def global_flags() -> "tuple[Flag, ...]":
    """The flags that stand before the command."""
    return (
        text("config", "Folder of the client's configuration", default=""),
        text("context", "Context to use: what it says goes before DOCKER_HOST", "c"),
        boolean("debug", "Tell more", "D"),
        text(
            "host",
            "The daemon's address: unix://PATH or tcp://HOST:PORT (else PYDOCK_HOST, DOCKER_HOST)",
            "H",
            check=_Once(),
        ),
        text("log-level", 'Level of messages: "debug", "info", "warn", "error" or "fatal"', "l", "info"),
        boolean("tls", "Use TLS; --tlsverify implies it"),
        text("tlscacert", "Trust only certificates that this CA has signed"),
        text("tlscert", "The client's TLS certificate"),
        text("tlskey", "The client's TLS key"),
        boolean("tlsverify", "Use TLS and verify the daemon"),
        boolean("version", "Print the version", "v"),
    )


class _Once:
    def __init__(self) -> None:
        self._given = False

    def __call__(self, value: str) -> str:
        if self._given:
            raise ValueError("specify only one -H")
        self._given = True
        return value


def main() -> "NoReturn":
    """Run the command line and end the process."""
    _fill_standard_streams()
    name = os.path.basename(sys.argv[0])
    out = Output(1)
    console = Console(out, Output(2, out), os.environ, name if name in ("docker", "pydock") else "pydock")
    code = 1
    try:
        if instruction := os.environ.get(COMPLETION):
            from pydock.cli import click_tree

            sys.exit(click_tree.complete(console, instruction))
        code = run(console, sys.argv[1:])
        console.flush()
    except Exit as end:  # what was kept back cannot be written
        console.err.line(end.message)
        code = 1
    except BrokenPipeError:
        _die_of_pipe()
    # what an interpreter does at its end costs milliseconds, and threads may still wait for input
    os._exit(code)


def _fill_standard_streams() -> None:
    """Put something in the place of standard streams that are closed: a socket there would be taken for one of them."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.dup(descriptor)
    os.close(descriptor)


def _die_of_pipe() -> None:
    # a Go program, like any other on Unix, dies of a closed standard output
    import signal

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def run(console: Console, words: "Sequence[str]") -> int:
    """Do what `words` say; the exit code."""
    try:
        code = _run(console, words)
        console.out.flush()
        return code
    except Exit as end:
        console.out.flush()
        if end.message:
            console.err.line(end.message)
        return end.code
    except PydockError as error:
        console.out.flush()
        console.err.line(error.message)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        console.out.flush()
        console.err.line(explain(error))
        return 1


def explain(error: OSError) -> str:
    """An operating system's error as Go words it: `open FILE: no such file or directory`."""
    reason = (error.strerror or str(error)).lower()
    return f"open {os.fsdecode(error.filename)}: {reason}" if error.filename else reason


def _run(console: Console, words: "Sequence[str]") -> int:
    options, rest = _globals(console, words, interspersed=False)
    _settle(console, options)
    console.check_config()
    path, rest, wanted = find(rest, console.out.line)
    if path == "help":
        return _help(console, rest)
    if path == "completion":
        from pydock.cli import click_tree

        return click_tree.completion(console, rest)
    if not path:
        return _root(console, options, rest)
    if path in index.GROUPS:
        return _group(console, path, rest)
    if wanted or options.help:
        from pydock.cli import click_tree

        return click_tree.describe(console, path.split(" "))
    return call(console, path, load(path), rest)


def _globals(console: Console, words: "Sequence[str]", interspersed: bool = True) -> "tuple[Options, list[str]]":
    program = console.program
    try:
        return parse(global_flags(), words, interspersed, console.err.line)
    except FlagError as error:
        usage = f"{program} [OPTIONS] COMMAND [ARG...]"
        raise Exit(f"{error}\n\nUsage:  {usage}\n\nRun '{program} --help' for more information", 125) from None


def _root(console: Console, options: Options, words: "list[str]") -> int:
    """The program without a command, or with one that it does not have."""
    program = console.program
    more, arguments = _globals(console, words)
    if not (options.help or more.help):
        if options.version or more.version:
            from pydock import __version__

            console.out.line(f"{'Docker' if program == 'docker' else program} version {__version__}")
            return 0
        if arguments:
            name = arguments[0]
            if name in index.ABSENT:
                raise Exit(f"{program}: '{name}' is not available: pydock does not have {index.ABSENT[name]}")
            raise Exit(f"{program}: unknown command: {program} {name}\n\nRun '{program} --help' for more information")
    from pydock.cli import click_tree

    return click_tree.describe(console, [], to_error=not (options.help or more.help))


def _help(console: Console, words: "list[str]") -> int:
    usage = f"{console.program} help [command]"
    try:
        options, topic = parse((), words, note=console.out.line)
    except FlagError as error:
        see = f"Run '{console.program} help --help' for more information"
        raise Exit(f"{error}\n\nUsage:  {usage}\n\n{see}", 125) from None
    if options.help or topic == ["help"]:
        console.out.write(f"Usage:  {usage}\n\nTell about a command\n")
        return 0
    from pydock.cli import click_tree

    return click_tree.describe(console, topic)


def _settle(console: Console, options: Options) -> None:
    settings = console.settings
    level = options.log_level.lower()
    settings.debug = options.debug or level in ("debug", "trace")
    if level and level not in LEVELS:
        raise Exit(f"Unable to parse logging level: {options.log_level}")
    if options.host and options.context:
        raise Exit("conflicting options: cannot specify both --host and --context")
    settings.host, settings.context, settings.config = options.host, options.context, options.config
    settings.tls = options.tls
    settings.verify = options.tlsverify if "tlsverify" in options.changed else None
    settings.ca, settings.certificate, settings.key = options.tlscacert, options.tlscert, options.tlskey


def find(words: "Sequence[str]", note: "Callable[[str], None]") -> "tuple[str, list[str], bool]":
    """The path of the command or group that `words` name, the words behind it, and whether help is wanted.

    As cobra finds it: what a group does not know as a command, it takes for its own arguments.
    """
    path, rest, wanted = "", list(words), False
    while not path or path in index.GROUPS:
        flags = _flags_before_command(rest)
        below = f"{path} {rest[len(flags)]}".strip() if len(flags) < len(rest) else ""
        below = index.ALIASES.get(below, below)
        if below not in index.COMMANDS and below not in index.GROUPS and below not in ("help", "completion"):
            break
        try:
            options, _ = parse((), flags, note=note)
        except FlagError as error:
            raise Exit(str(error)) from None
        wanted |= options.help
        path, rest = below, rest[len(flags) + 1 :]
    return path, rest, wanted


def _flags_before_command(words: "Sequence[str]") -> "list[str]":
    """The words before the first that could be a command: flags, and what an unknown flag may have for its value."""
    found: list[str] = []
    value = False
    for word in words:
        if (
            word[:1] == "-"
            and "=" not in word
            and (word[:2] == "--" or len(word) == 2)
            and word not in ("--help", "-h")
        ):
            value = True
        elif value:
            value = False
        elif len(word) < 2 or word[0] != "-":
            break
        found.append(word)
    return found


def load(path: str) -> "Command":
    """The command at `path`, its module imported."""
    name = f"pydock.cli.commands.{index.COMMANDS[path][0]}"
    __import__(name)
    command: Command = sys.modules[name].COMMAND
    return command


def call(console: Console, path: str, command: "Command", words: "Sequence[str]") -> int:
    """Parse a command's own words and run it."""
    full = f"{console.program} {path}"
    try:
        options, arguments = parse(command.flags, words, command.interspersed, console.out.line)
    except FlagError as error:
        usage = command.usage_line(full)
        raise Exit(f"{error}\n\nUsage:  {usage}\n\nRun '{full} --help' for more information", 125) from None
    if options.help:
        from pydock.cli import click_tree

        return click_tree.describe(console, path.split(" "))
    command.check(full, arguments)
    return command.run(console, options, arguments) or 0


def _group(console: Console, path: str, words: "Sequence[str]") -> int:
    full = f"{console.program} {path}"
    behind = f"\n\nUsage:  {full}\n\nRun '{full} --help' for more information"
    try:
        options, arguments = parse((), words, note=console.out.line)
    except FlagError as error:
        raise Exit(f"{error}{behind}", 125) from None
    if arguments and not options.help:
        raise Exit(f"{console.program}: unknown command: {full} {arguments[0]}{behind}")
    from pydock.cli import click_tree

    return click_tree.describe(console, [path], to_error=not options.help)
