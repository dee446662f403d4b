"""`import`."""

import os

from pydock.cli import progress
from pydock.cli.exits import Exit
from pydock.cli.flags import listing, text
from pydock.cli.infile import open_archive
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import images
from pydock.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def build_request(options: "Options", source: str, reference: str) -> "dict[str, Any]":
    """The query of POST /images/create."""
    query: dict[str, Any] = {"fromSrc": source, "message": options.message or None, "changes": options.change}
    query["platform"] = options.platform.lower() or None
    if reference:
        query["repo"] = reference
    return query


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Make the image of a file, a URL that the daemon fetches, or standard input, and print its ID."""
    source, *rest = arguments
    if rest and rest[0]:
        try:
            parse(rest[0])
        except InvalidParameter as error:
            raise Exit(error.message) from None
    tar: int | None = None
    if source == "-":
        tar = console.stdin
    elif not source.startswith(("http://", "https://", "git://", "github.com/", "git@")):
        tar = open_archive(source)
        source = "-"
    query = build_request(options, source, rest[0] if rest else "")
    response = images.import_(console.engine(), query, tar)
    progress.show(response.chunks(), console.out)


COMMAND = Command(
    "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    "Make an image from a tar of a root filesystem",
    run,
    (
        listing("change", "Apply a Dockerfile instruction to the image", "c"),
        text("message", "The image's commit message", "m"),
        text("platform", "Platform of the image", default=os.environ.get("DOCKER_DEFAULT_PLATFORM", "")),
    ),
    (1, -1),
    "image import, import",
)
