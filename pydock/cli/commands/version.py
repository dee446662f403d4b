"""`version`."""

from pydock.cli.client_version import client_version
from pydock.cli.exits import Exit
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.spec import Command
from pydock.cli.table import align
from pydock.client import system
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_DETAILS = (
    ("API version", "{ApiVersion} (minimum version {MinAPIVersion})"),
    ("Go version", "{GoVersion}"),
    ("Git commit", "{GitCommit}"),
    ("Built", "{BuildTime}"),
    ("OS/Arch", "{Os}/{Arch}"),
    ("Experimental", "{Experimental}"),
)


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the versions of client and engine; the client's also where the engine does not answer."""
    template = None
    source = "{{json .}}" if options.format == "json" else options.format
    if source:
        from pydock.cli.template.execute import parse
        from pydock.cli.template.nodes import TemplateError

        try:
            template = parse(source, "version")
        except TemplateError as error:
            raise Exit(f"template parsing error: {error}", 64) from None
    problem: PydockError | None = None
    server: dict[str, Any] | None = None
    try:
        server = _server(system.version(console.engine()))
    except PydockError as error:
        problem = error
    client = client_version(console, console.engine().version)
    found = {"Client": client, "Server": server}
    if template:
        from pydock.cli.schema import decode

        try:
            console.out.line(template.execute(decode("system.versionInfo", found)))
        except TemplateError as error:
            console.out.line(error.partial)
            raise Exit(problem.message if problem else str(error)) from None
    else:
        for line in align(client_lines(client) + (server_lines(server) if server else []), 20, 1):
            console.out.line(line)
    if problem:
        raise Exit(problem.message)


def _server(answer: "dict[str, Any]") -> "dict[str, Any]":
    components = answer.setdefault("Components", []) or []
    for component in components:
        if component["Name"] == "Engine":
            details = component.get("Details") or {}
            if details.get("BuildTime"):
                details["BuildTime"] = _date(details["BuildTime"])
            return answer
    keys = ("ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch")
    details = {key: answer.get(key, "") for key in keys}
    details |= {
        "BuildTime": _date(answer.get("BuildTime", "")),
        "Experimental": "true" if answer.get("Experimental") else "false",
    }
    answer["Components"] = [*components, {"Name": "Engine", "Version": answer.get("Version", ""), "Details": details}]
    return answer


def _date(text: str) -> str:
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S %Y}"


def client_lines(client: "dict[str, Any]") -> "list[str]":
    """The lines about the client, their columns still separated by tabs."""
    version, default = client["ApiVersion"], client["DefaultAPIVersion"]
    note = "" if version == default else f" (downgraded from {default})"
    return [
        "Client:",
        f" Version:\t{client['Version']}",
        f" API version:\t{version}{note}",
        f" Python version:\t{client['GoVersion'].removeprefix('python')}",
        f" OS/Arch:\t{client['Os']}/{client['Arch']}",
        f" Context:\t{client['Context']}",
    ]


def server_lines(server: "dict[str, Any]") -> "list[str]":
    """The lines about the engine."""
    name = (server.get("Platform") or {}).get("Name") or ""
    lines = ["", f"Server: {name}".rstrip()]
    for component in server["Components"]:
        lines.append(f" {component['Name']}:")
        details = {str(key): str(value) for key, value in (component.get("Details") or {}).items()}
        if component["Name"] == "Engine":
            lines.append(f"  Version:\t{server.get('Version', '')}")
            known = _Missing(details)
            lines += [f"  {label}:\t{pattern.format_map(known)}" for label, pattern in _DETAILS]
        else:
            lines.append(f"  Version:\t{component['Version']}")
            lines += [f"  {key}:\t{details[key]}" for key in sorted(details)]
    return lines


class _Missing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


COMMAND = Command("[OPTIONS]", "Show the versions of client and engine", run, (format_flag(INSPECT_HELP, "f"),))
