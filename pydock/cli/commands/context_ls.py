"""`context ls`."""

from pydock.cli import contexts
from pydock.cli.client_version import current_context
from pydock.cli.console import Console
from pydock.cli.flags import Options, boolean
from pydock.cli.format_flags import format_flag
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.cli.template.values import Row
from pydock.client import address
from pydock.errors import PydockError

HEADER = {"Name": "NAME", "Description": "DESCRIPTION", "DockerEndpoint": "DOCKER ENDPOINT", "Error": "ERROR"}
LONGEST_ERROR = 45
TABLE = "table {{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}"


class ContextRow(Row):
    """One context."""

    kind = "formatter.clientContextContext"
    columns = ("Current", "Description", "DockerEndpoint", "Error", "Name")

    def __init__(self, name: str, current: bool, description: str, endpoint: str, error: str = "") -> None:
        self._texts = (name, description, endpoint, error)
        self._current = current

    def Name(self) -> str:
        """Its name."""
        return self._texts[0]

    def Description(self) -> str:
        """What the user said of it."""
        return self._texts[1]

    def DockerEndpoint(self) -> str:
        """The daemon's address."""
        return self._texts[2]

    def Error(self) -> str:
        """Why it can't be used."""
        text = self._texts[3]
        return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"

    def Current(self) -> bool:
        """Whether it is in use."""
        return self._current


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """List them."""
    folder = console.settings.config_directory(console.environ)
    current = current_context(console)
    host = address.parse(address.choose(console.settings.host, console.environ)).text
    about = "Current DOCKER_HOST based configuration"
    rows = [ContextRow("default", current == "default", about, host)]
    for name in contexts.names(folder):
        try:
            meta = contexts.read(folder, name)
            endpoint = str(((meta.get("Endpoints") or {}).get("docker") or {}).get("Host", ""))
            description = str((meta.get("Metadata") or {}).get("Description", ""))
            rows.append(ContextRow(name, name == current, description, endpoint))
        except PydockError as error:
            rows.append(ContextRow(name, name == current, "", "", error.message))
    if current not in [row.Name() for row in rows]:
        rows.append(ContextRow(current, True, "", "", _trouble(folder, current)))
    rows.sort(key=lambda row: row.Name())
    source = options.format
    if options.quiet:
        source = "{{.Name}}"
    elif source in ("", "table"):
        source = TABLE
    render(console.out, rows, HEADER, source)
    if console.environ.get("DOCKER_HOST") and not options.quiet:
        console.err.line(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set the "
            "global --context flag, or unset DOCKER_HOST environment variable."
        )


def _trouble(folder: str, name: str) -> str:
    """Why a context that was chosen is not in the list."""
    try:
        contexts.read(folder, name)
    except PydockError as error:
        return error.message
    return ""


COMMAND = Command(
    "[OPTIONS]",
    "List contexts",
    run,
    (format_flag(), boolean("quiet", "Show only names", "q")),
    aliases="context ls, context list",
)
