"""`context rm`."""

from pydock.cli import contexts
from pydock.cli.client_version import current_context
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options, boolean
from pydock.cli.spec import Command
from pydock.errors import NotFound


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Remove the contexts; the one in use only with --force."""
    folder = console.settings.config_directory(console.environ)
    problems: list[str] = []
    for name in arguments:
        if name == "default":
            problems.append('context "default" cannot be removed')
            continue
        try:
            contexts.read(folder, name)
        except NotFound:
            if options.force:
                console.out.line(name)
            else:
                problems.append(f'context "{name}" does not exist')
            continue
        if name == current_context(console):
            if not options.force:
                problems.append(f'context "{name}" is in use, set -f flag to force remove')
                continue
            console.config.content.pop("currentContext", None)
            console.config.save()
        contexts.remove(folder, name)
        console.out.line(name)
    if problems:
        raise Exit("\n".join(problems))


COMMAND = Command(
    "CONTEXT [CONTEXT...]",
    "Remove contexts",
    run,
    (boolean("force", "Remove also the context in use", "f"),),
    (1, -1),
    "context rm, context remove",
)
