"""`logs`."""

from pydock.cli.flags import boolean, text
from pydock.cli.relay import copy_frames, copy_raw
from pydock.cli.spec import Command
from pydock.client import containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_WHEN = 'a timestamp ("2013-01-02T13:23:37Z") or an age ("42m")'


def build_request(options: "Options") -> "dict[str, Any]":
    """The query of GET /containers/{id}/logs."""
    query: dict[str, Any] = {"stdout": True, "stderr": True}
    for name in ("since", "until"):
        if value := getattr(options, name):
            from pydock.cli.timestamps import to_unix

            query[name] = to_unix(value, name)
    for name in ("timestamps", "details", "follow"):
        if getattr(options, name):
            query[name] = True
    query["tail"] = options.tail
    return query


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Copy the log to standard output and standard error."""
    engine = console.engine()
    found = containers.inspect(engine, arguments[0])
    response = containers.logs(engine, found["Id"], build_request(options))
    console.flush()
    if found["Config"]["Tty"]:
        copy_raw(response.chunks(), console.out.descriptor)
    else:
        copy_frames(response.chunks(), console.out.descriptor, console.err.descriptor)


COMMAND = Command(
    "[OPTIONS] CONTAINER",
    "Show what a container has printed",
    run,
    (
        boolean("follow", "Go on with what it prints from now on", "f"),
        text("since", f"Show what was printed since {_WHEN}"),
        text("until", f"Show what was printed before {_WHEN}"),
        boolean("timestamps", "Show when each line was printed", "t"),
        boolean("details", "Show the attributes that log options add"),
        text("tail", "Number of lines from the end", "n", "all"),
    ),
    (1, 1),
    "container logs, logs",
)
