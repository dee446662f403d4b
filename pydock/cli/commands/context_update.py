"""`context update`."""

from pydock.cli import contexts
from pydock.cli.commands.context_create import check_name, endpoint, parse_docker
from pydock.cli.console import Console
from pydock.cli.flags import Options, listing, text
from pydock.cli.spec import Command


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Change what flags name, keep the rest."""
    name = arguments[0]
    check_name(name)
    folder = console.settings.config_directory(console.environ)
    meta = contexts.read(folder, name)
    description = str((meta.get("Metadata") or {}).get("Description", ""))
    if "description" in options.changed:
        description = options.description
    docker, files = dict(meta["Endpoints"]["docker"]), contexts.tls_files(folder, name)
    if options.docker:
        docker, files = endpoint(console, options.docker[-1])
    contexts.write(folder, name, description, docker, files)
    console.out.line(name)
    console.err.line(f'Successfully updated context "{name}"')


COMMAND = Command(
    "[OPTIONS] CONTEXT",
    "Change a context",
    run,
    (
        text("description", "What the context is for"),
        listing(
            "docker", "The daemon: host=, ca=, cert=, key=, skip-tls-verify=", kind="stringToString", check=parse_docker
        ),
    ),
    (1, 1),
)
