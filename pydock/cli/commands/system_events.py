"""`events`."""

import time

from pydock.cli import progress
from pydock.cli.exits import Exit
from pydock.cli.flags import text
from pydock.cli.format_flags import INSPECT_HELP, filter_flag, filters, format_flag
from pydock.cli.spec import Command
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.cli.template.execute import Template


def build_request(options: "Options") -> "dict[str, Any]":
    """The query of GET /events."""
    from pydock.cli.timestamps import to_unix

    query: dict[str, Any] = {"filters": filters(options.filter)}
    for name in ("since", "until"):
        if value := getattr(options, name):
            query[name] = to_unix(value)
    return query


def _template(source: str) -> "Template | None":
    if not source:
        return None
    from pydock.cli.schema import decode
    from pydock.cli.template.execute import parse
    from pydock.cli.template.nodes import TemplateError

    try:
        template = parse("{{json .}}" if source == "json" else source)
        template.execute(decode("*events.Message", {}))
    except TemplateError as error:
        raise Exit(f"Error parsing format: {error}", 64) from None
    return template


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show events as they come."""
    template = _template(options.format)
    response = system.events(console.engine(), build_request(options))
    for event in progress.messages(response.chunks()):
        if template:
            console.out.line(_formatted(template, event))
        else:
            console.out.told(pretty(event))
        console.out.flush()


def _formatted(template: "Template", event: "dict[str, Any]") -> str:
    from pydock.cli.schema import decode
    from pydock.cli.template.nodes import TemplateError

    try:
        return template.execute(decode("events.Message", event))
    except TemplateError as error:
        raise Exit(str(error)) from None


def pretty(event: "dict[str, Any]") -> str:
    """One event on one line: when, what, whose, and its attributes."""
    head = ""
    if nano := event.get("timeNano"):
        head = f"{_moment(nano // 10**9, nano % 10**9)} "
    elif seconds := event.get("time"):
        head = f"{_moment(seconds, 0)} "
    actor = event.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    tail = f" ({', '.join(f'{key}={attributes[key]}' for key in sorted(attributes))})" if attributes else ""
    return f"{head}{event.get('Type', '')} {event.get('Action', '')} {actor.get('ID', '')}{tail}"


def _moment(seconds: int, nano: int) -> str:
    local = time.localtime(seconds)
    zone = time.strftime("%z", local)
    shown = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{nano:09d}{shown}"


COMMAND = Command(
    "[OPTIONS]",
    "Show what happens in the engine, as it happens",
    run,
    (
        text("since", "Show what has happened since this time"),
        text("until", "Go on until this time"),
        filter_flag(),
        format_flag(INSPECT_HELP),
    ),
    aliases="system events, events",
)
