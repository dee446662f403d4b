"""`commit`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, listing, text
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import images
from pydock.client.engine import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options", arguments: "list[str]") -> "dict[str, Any]":
    """The query of POST /commit."""
    query: dict[str, Any] = {"container": named("container", arguments[0])}
    if len(arguments) > 1 and arguments[1]:
        reference = parse(arguments[1])
        if reference.digest:
            raise Exit("refusing to create a tag with a digest reference")
        query |= {"repo": reference.name, "tag": reference.tag or "latest"}
    query |= {"comment": options.message or None, "author": options.author or None, "changes": options.change}
    if not options.pause:
        query["pause"] = False
    return query


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Make the image and print its ID."""
    console.out.line(images.commit(console.engine(), build_request(options, arguments)))


COMMAND = Command(
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    "Make an image of what a container has changed",
    run,
    (
        boolean("pause", "Pause the container meanwhile", "p", True),
        text("message", "Commit message", "m"),
        text("author", 'Author ("John Hannibal Smith <hannibal@a-team.com>")', "a"),
        listing("change", "Apply a Dockerfile instruction to the image", "c"),
    ),
    (1, 2),
    "container commit, commit",
)
COMMAND.interspersed = False
