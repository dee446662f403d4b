"""`login`."""

import os

from pydock.cli import credentials
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, text
from pydock.cli.spec import Command
from pydock.client import system
from pydock.client.wire import read_all
from pydock.errors import PydockError, Unauthorized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_STORE_ADVICE = (
    "\nWARNING! Your credentials are stored unencrypted in '{path}'.\n"
    "Configure a credential helper to remove this warning. See\n"
    "https://docs.docker.com/go/credential-store/\n"
)


def check(options: "Options") -> None:
    """Raise Exit where the flags contradict each other."""
    changed = options.changed
    if "password_stdin" in changed:
        if "password" in changed:
            raise Exit("conflicting options: cannot specify both --password and --password-stdin")
        if "username" not in changed:
            raise Exit("the --password-stdin option requires --username to be set")
    if "username" in changed and not options.username:
        raise Exit("username is empty")
    if "password" in changed and not options.password:
        raise Exit("password is empty")


def server_address(arguments: "list[str]") -> str:
    """The key of the registry that the user names."""
    if not arguments or arguments[0] in ("", "docker.io"):
        return credentials.INDEX_SERVER
    return arguments[0]


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Try the credentials at the registry, then keep them."""
    check(options)
    user, password = options.username, options.password
    if password:
        console.err.line("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
    if options.password_stdin:
        password = _read_all(console.stdin).removesuffix("\n").removesuffix("\r")
    credentials.tell_of_environment(console.config)
    server = server_address(arguments)
    host = server.removeprefix("https://").removeprefix("http://").partition("/")[0]
    key = server if server == credentials.INDEX_SERVER else host
    if not user and not password:
        status = _stored(console, key)
        if status is not None:
            console.out.line(status)
            return
    if not user or not password:
        user, password = _ask(console, user, password, key)
    entry = {"username": user, "password": password, "serveraddress": key}
    answer = system.authenticate(console.engine(), entry)
    _keep(console, entry, answer)
    if answer.get("Status"):
        console.out.line(answer["Status"])


def _keep(console: "Console", entry: "dict[str, str]", answer: "dict[str, str]", advise: bool = True) -> None:
    if answer.get("IdentityToken"):
        entry = {**entry, "password": "", "identitytoken": answer["IdentityToken"]}
    if credentials.store(console.config, entry) and advise:
        console.err.line(_STORE_ADVICE.format(path=console.config.path))


def _stored(console: "Console", server: str) -> "str | None":
    entry = credentials.get(console.config, server)
    if not entry.get("username") or not entry.get("password"):
        return None
    console.err.line(f"Authenticating with existing credentials... [Username: {entry['username']}]\n")
    advice = f"'{console.program} logout' followed by '{console.program} login'"
    mark = "i Info → " if console.err.is_terminal() else " Info -> "
    console.err.line(f"{mark}To login with a different account, run {advice}\n\n")
    try:
        answer = system.authenticate(console.engine(), entry)
    except Unauthorized:
        console.err.line("Stored credentials invalid or expired")
        return None
    except PydockError as error:
        console.err.line(f"Login did not succeed, error: {error.message}")
        return None
    _keep(console, entry, answer, advise=False)
    return str(answer.get("Status") or "")


def _ask(console: "Console", user: str, password: str, server: str) -> "tuple[str, str]":
    if not os.isatty(console.stdin):
        raise Exit("Error: Cannot perform an interactive login from a non TTY device")
    import click

    console.flush()
    known = credentials.get(console.config, server).get("username", "")
    asked = f"Username ({known})" if known else "Username"
    try:
        user = (user or click.prompt(asked, default=known, show_default=False)).strip()
        if not user:
            raise Exit("Error: Non-null Username Required")
        password = password or click.prompt("Password", hide_input=True, default="", show_default=False)
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            if not user:
                console.out.line("")
            raise Exit("", 0) from None
        raise Exit(f"\nError: {'Password' if user else 'Non-null Username'} Required") from None
    if not password:
        raise Exit("Error: Password Required")
    return user, password


def _read_all(descriptor: int) -> str:
    return read_all(descriptor).decode("utf-8", "surrogateescape")


COMMAND = Command(
    "[OPTIONS] [SERVER]",
    "Log in to a registry",
    run,
    (
        text("username", "User name", "u"),
        text("password", "Password, or a token in its place", "p"),
        boolean("password-stdin", "Read the password from standard input"),
    ),
    (0, 1),
)
COMMAND.long = (
    "Log in to a registry.\nWithout a server, to the one that images without a registry in their name come from."
)
