"""`rmi`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, listing
from pydock.cli.spec import Command
from pydock.client import images
from pydock.errors import NotFound, PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options") -> "dict[str, Any]":
    """The query of DELETE /images/{name}."""
    query: dict[str, Any] = {"force": options.force or None, "noprune": options.no_prune or None}
    if options.platform:
        from pydock.cli.platform import as_json

        query["platforms"] = [as_json(name) for value in options.platform for name in value.split(",")]
    return query


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Remove the names, and the images that have no other; with --force, one that isn't there is no failure."""
    query = build_request(options)
    problems: list[PydockError] = []
    for name in arguments:
        try:
            for step in images.remove(console.engine(), name, query):
                if step.get("Deleted"):
                    console.out.line(f"Deleted: {step['Deleted']}")
                else:
                    console.out.line(f"Untagged: {step['Untagged']}")
        except PydockError as error:
            problems.append(error)
    if problems:
        text = "\n".join(error.message for error in problems)
        if not options.force or any(not isinstance(error, NotFound) for error in problems):
            raise Exit(text)
        console.err.line(text)


COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    "Remove images",
    run,
    (
        boolean("force", "Remove the image even where containers use it or it has several names", "f"),
        boolean("no-prune", "Keep parents that have no name"),
        listing("platform", "Remove only this platform of the image: os[/arch[/variant]]", kind="strings"),
    ),
    (1, -1),
    "image rm, image remove, rmi",
)
