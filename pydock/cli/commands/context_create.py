"""`context create`, and the endpoint that `context update` shares."""

from pydock.cli import contexts
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options, listing, text
from pydock.cli.spec import Command
from pydock.client import address
from pydock.errors import NotFound

WRONG = "unable to create docker endpoint config"
KEYS = ("from", "host", "ca", "cert", "key", "skip-tls-verify")


def parse_docker(value: str) -> dict[str, str]:
    """The key=value pairs of `--docker`."""
    found: dict[str, str] = {}
    for pair in value.split(","):
        key, equals, content = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair} must be formatted as key=value")
        found[key] = content
    return found


def endpoint(console: Console, given: dict[str, str]) -> tuple[dict[str, object], dict[str, bytes]]:
    """What meta.json says of the daemon, and the TLS files that go with it."""
    folder = console.settings.config_directory(console.environ)
    for key in given:
        if key not in KEYS:
            raise Exit(f"{WRONG}: unrecognized config key: {key}")
    if source := given.get("from"):
        if source == "default":
            host = address.parse(address.choose(console.settings.host, console.environ)).text
            return {"Host": host, "SkipTLSVerify": False}, {}
        return dict(contexts.read(folder, source)["Endpoints"]["docker"]), contexts.tls_files(folder, source)
    host = given.get("host", "")
    files: dict[str, bytes] = {}
    for key in ("ca", "cert", "key"):
        if given.get(key):
            try:
                with open(given[key], "rb") as file:
                    files[f"{key}.pem"] = file.read()
            except OSError as error:
                reason = (error.strerror or "").lower()
                raise Exit(f"{WRONG}: open {given[key]}: {reason}") from None
    if not host:
        raise Exit("docker endpoint configuration is required")
    if "://" not in host:
        raise Exit(f"{WRONG}: unable to apply docker endpoint options: unable to parse docker host `{host}`")
    address.parse(host)
    return {"Host": host, "SkipTLSVerify": given.get("skip-tls-verify", "") in ("true", "1")}, files


def check_name(name: str) -> None:
    """Raise Exit where a context can't have that name."""
    if name == "default":
        raise Exit('"default" is a reserved context name')
    if len(name) < 2 or not name[0].isalnum() or any(not (c.isascii() and (c.isalnum() or c in "_.+-")) for c in name):
        raise Exit(
            f'context name "{name}" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"'
        )


def check_new(folder: str, name: str) -> None:
    """Raise Exit where a new context can't have that name."""
    check_name(name)
    try:
        contexts.read(folder, name)
    except NotFound:
        return
    raise Exit(f'context "{name}" already exists')


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Create the context."""
    name = arguments[0]
    folder = console.settings.config_directory(console.environ)
    check_new(folder, name)
    source = getattr(options, "from")
    given = options.docker[-1] if options.docker else {"from": source or "default"} if source else {}
    if not options.docker and not source:
        raise Exit("docker endpoint configuration is required")
    docker, files = endpoint(console, given)
    description = options.description
    if source and source != "default" and not description:
        description = str((contexts.read(folder, source).get("Metadata") or {}).get("Description", ""))
    contexts.write(folder, name, description, docker, files)
    console.out.line(name)
    console.err.line(f'Successfully created context "{name}"')


COMMAND = Command(
    "[OPTIONS] CONTEXT",
    "Create a context",
    run,
    (
        text("description", "What the context is for"),
        listing(
            "docker",
            "The daemon: host=, ca=, cert=, key=, skip-tls-verify=, from=",
            kind="stringToString",
            check=parse_docker,
        ),
        text("from", "Context to copy"),
    ),
    (1, 1),
)
