"""The program `pydock`: global flags, then a command's own, then its work.  The console script calls `main`.

Commands are click commands (`click_tree` has the tree, with help and completion); but importing click costs as much
as starting two containers, so a plain call parses the same declarations without it.
"""

import os
import sys

from pydock.cli import index
from pydock.cli.console import LEVELS, Console, Output
from pydock.cli.exits import Exit, FlagError, HelpWanted
from pydock.cli.flags import Flag, Options, boolean, parse, text
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
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
    program = console.program
    flags = global_flags()
    try:
        options, rest = parse(flags, words, interspersed=False, note=console.err.line)
        _settle(console, options)
    except HelpWanted:
        rest = ["help"]
    except FlagError as error:
        raise Exit(
            f"{error}\n\nUsage:  {program} [OPTIONS] COMMAND [ARG...]\n\nRun '{program} --help' for more information",
            125,
        ) from None
    else:
        if options.version:
            rest = ["--version"]
    if rest and rest[0] == "--version":
        from pydock import __version__

        console.out.line(f"{'Docker' if program == 'docker' else program} version {__version__}")
        return 0
    if not rest or rest[0] in ("help", "completion", "--help"):
        from pydock.cli import click_tree

        return click_tree.describe(console, rest, to_error=not rest)
    path, rest = find(program, rest)
    if path in index.GROUPS:
        return _group(console, path, rest)
    return call(console, path, load(path), rest)


def _settle(console: Console, options: Options) -> None:
    settings = console.settings
    settings.debug = options.debug or options.log_level == "debug"
    if options.log_level not in LEVELS:
        raise Exit(f"Unable to parse logging level: {options.log_level}")
    if options.host and options.context:
        raise Exit("conflicting options: cannot specify both --host and --context")
    settings.host, settings.context, settings.config = options.host, options.context, options.config
    settings.tls = options.tls
    settings.verify = options.tlsverify if "tlsverify" in options.changed else None
    settings.ca, settings.certificate, settings.key = options.tlscacert, options.tlscert, options.tlskey


def find(program: str, words: "Sequence[str]") -> "tuple[str, list[str]]":
    """The path of the command that `words` begin with, and the words behind it."""
    first = words[0]
    if first in index.GROUPS:
        if len(words) > 1:
            path = f"{first} {words[1]}"
            path = index.ALIASES.get(path, path)
            if path in index.COMMANDS:
                return path, list(words[2:])
        return first, list(words[1:])
    if first in index.COMMANDS:
        return first, list(words[1:])
    if first in index.ABSENT:
        raise Exit(f"{program}: '{first}' is not available: pydock does not have {index.ABSENT[first]}")
    raise Exit(f"{program}: unknown command: {program} {first}\n\nRun '{program} --help' for more information")


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
        options, arguments = parse(command.flags, words, command.interspersed, console.err.line)
    except HelpWanted:
        from pydock.cli import click_tree

        return click_tree.describe(console, ["help", *path.split(" ")])
    except FlagError as error:
        usage = command.usage_line(full)
        raise Exit(f"{error}\n\nUsage:  {usage}\n\nRun '{full} --help' for more information", 125) from None
    command.check(full, arguments)
    return command.run(console, options, arguments) or 0


def _group(console: Console, path: str, words: "Sequence[str]") -> int:
    full = f"{console.program} {path}"
    if not words or words[0] in ("--help", "-h"):
        from pydock.cli import click_tree

        return click_tree.describe(console, ["help", path], to_error=not words)
    if words[0].startswith("-") and len(words[0]) > 1:
        what = (
            f"unknown flag: {words[0]}"
            if words[0].startswith("--")
            else f"unknown shorthand flag: '{words[0][1]}' in {words[0]}"
        )
        raise Exit(f"{what}\n\nUsage:  {full} COMMAND\n\nRun '{full} --help' for more information", 125)
    raise Exit(
        f"{console.program}: unknown command: {full} {words[0]}\n\nUsage:  {full}\n\n"
        f"Run '{full} --help' for more information"
    )
