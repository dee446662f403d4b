"""`create`, and the making of a container that `run` shares."""

import os

from pydock.cli.create import flags as create_flags
from pydock.cli.create import request
from pydock.cli.exits import Exit
from pydock.cli.spec import Command
from pydock.client import containers
from pydock.errors import InvalidParameter, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.cli.reference import Reference


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Make the container and print its ID."""
    body = prepare(console, options, arguments, "create")
    console.out.line(make(console, options, body))


def prepare(console: "Console", options: "Options", arguments: "list[str]", command: str) -> "dict[str, Any]":
    """The request's body; what is wrong with the options ends the program with 125."""
    try:
        if options.pull not in ("", "always", "missing", "never"):
            choice = 'must be one of "always", "missing" or "never"'
            raise Exit(f"invalid pull option: '{options.pull}': {choice}")
        if proxies := _proxies(console):
            given = {item.partition("=")[0] for item in options.env}
            options.env += [f"{name}={value}" for name, value in proxies.items() if name not in given]
        return request.build(options, arguments[0], arguments[1:])
    except request.Foreign:
        raise
    except Exit as error:
        raise Exit(with_help(console, error.message, command), 125) from None


def _proxies(console: "Console") -> "dict[str, str]":
    config = console.config
    return config.proxies(console.engine().address.text) if config.content.get("proxies") else {}


def with_help(console: "Console", message: str, command: str) -> str:
    """An error of `run` or `create`, with the advice that Docker gives."""
    return f"{console.program}: {message}\n\nRun '{console.program} {command} --help' for more information"


def make(console: "Console", options: "Options", body: "dict[str, Any]") -> str:
    """Create the container, pulling its image where that is allowed; the container's ID."""
    engine = console.engine()
    cidfile = _claim(options.cidfile)
    try:
        reference = _reference(body["Image"])
        if not options.disable_content_trust:
            from pydock.cli import content_trust

            content_trust.refuse()
        if options.use_api_socket:
            from pydock.cli.create import api_socket

            credentials = api_socket.prepare(console, body)
        if options.platform:
            from pydock.cli.platform import chosen

            chosen(options.platform, "error parsing specified platform")
        if options.pull == "always":
            _pull(console, options, body["Image"])
        body["HostConfig"]["ConsoleSize"] = list(console.out.size())
        try:
            answer = containers.create(engine, body, options.name, options.platform)
        except NotFound:
            if reference is None or options.pull != "missing":
                raise
            if not options.quiet:
                console.err.line(f"Unable to find image '{reference.familiar}' locally")
            _pull(console, options, body["Image"])
            answer = containers.create(engine, body, options.name, options.platform)
    except BaseException:
        if options.cidfile:
            os.unlink(options.cidfile)
        raise
    for warning in (answer.get("Warnings") or []) + _dns_warning(body["HostConfig"]["Dns"]):
        console.err.line(f"WARNING: {warning}")
    identity = str(answer["Id"])
    if cidfile is not None:
        os.write(cidfile, identity.encode())
        os.close(cidfile)
    if options.use_api_socket and credentials:
        api_socket.inject(engine, identity, credentials)
    return identity


def _claim(path: str) -> "int | None":
    if not path:
        return None
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        raise Exit(f"container ID file found, make sure the other container isn't running or delete {path}") from None
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Exit(f"failed to create the container ID file: open {path}: {reason}") from None


def _reference(image: str) -> "Reference | None":
    from pydock.cli import reference

    if len(image) == 64 and not set(image) - set("0123456789abcdef"):
        return None
    if image.startswith("sha256:") and len(image) == 71:
        return None
    try:
        return reference.parse(image).tagged()
    except InvalidParameter as error:
        raise Exit(error.message) from None


def _dns_warning(servers: "list[str]") -> "list[str]":
    for server in servers:
        if server.startswith("127.") or server == "::1":
            return [f"Localhost DNS ({server}) may fail in containers."]
    return []


def _pull(console: "Console", options: "Options", image: str) -> None:
    from pydock.cli import pulling

    pulling.pull_for_run(console, image, options.platform, options.quiet)


COMMAND = Command(
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    "Make a container without starting it",
    run,
    create_flags.common(detach_keys=False),
    (1, -1),
    "container create, create",
)
COMMAND.interspersed = False
