"""`context use`."""

from pydock.cli import contexts
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.errors import NotFound


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Choose the context for all commands to come."""
    name = arguments[0]
    if name != "default":
        try:
            contexts.read(console.settings.config_directory(console.environ), name)
        except NotFound as error:
            raise Exit(error.message) from None
    config = console.config
    if name == "default":
        config.content.pop("currentContext", None)
    else:
        config.content["currentContext"] = name
    config.save()
    console.out.line(name)
    console.err.line(f'Current context is now "{name}"')
    if name != "default" and console.environ.get("DOCKER_HOST"):
        console.err.line(
            f'Warning: DOCKER_HOST environment variable overrides the active context. To use "{name}", either set the '
            "global --context flag, or unset DOCKER_HOST environment variable."
        )


COMMAND = Command("CONTEXT", "Choose the context to use", run, (), (1, 1))
