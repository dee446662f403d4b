"""`context use`."""

from pydock.cli import contexts
from pydock.cli.commands.context_create import check_name
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.errors import NotFound


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Choose the context for all commands to come."""
    if len(arguments) != 1:  # docker leaves this to its library, which words it so
        raise Exit(f"accepts 1 arg(s), received {len(arguments)}")
    name = arguments[0]
    if not name:
        raise Exit("context name cannot be empty")
    if name != "default":
        check_name(name)
        try:
            contexts.read(console.settings.config_directory(console.environ), name)
        except NotFound as error:
            raise Exit(error.message) from None
    config = console.config
    chosen = "" if name == "default" else name
    if chosen != config.current_context:
        if chosen:
            config.content["currentContext"] = chosen
        else:
            del config.content["currentContext"]
        config.save()
    console.out.line(name)
    console.err.line(f'Current context is now "{name}"')
    if name != "default" and console.environ.get("DOCKER_HOST"):
        console.err.line(
            f'Warning: DOCKER_HOST environment variable overrides the active context. To use "{name}", either set the '
            "global --context flag, or unset DOCKER_HOST environment variable."
        )


COMMAND = Command("CONTEXT", "Choose the context to use", run, (), (0, -1))
