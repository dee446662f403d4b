"""`pull`."""

import os

from pydock.cli import content_trust, pulling
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, text, trust
from pydock.cli.reference import parse
from pydock.cli.spec import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Download the image, then print its full name."""
    if not options.disable_content_trust:
        content_trust.refuse()
    reference = parse(arguments[0])
    if options.all_tags and (reference.tag or reference.digest):
        raise Exit("tag can't be used with --all-tags/-a")
    if not options.all_tags and not reference.tag and not reference.digest:
        reference = reference.tagged()
        if not options.quiet:
            console.out.line(f"Using default tag: {reference.tag}")
            console.out.flush()
    output = pulling.Silence() if options.quiet else console.out
    pulling.pull(console, reference, options.platform, output, options.all_tags)
    console.out.line(reference.full)


COMMAND = Command(
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    "Download an image from a registry",
    run,
    (
        boolean("all-tags", "Download all tags of the repository", "a"),
        boolean("quiet", "Don't show progress", "q"),
        text("platform", "Platform of the image", default=os.environ.get("DOCKER_DEFAULT_PLATFORM", "")),
        trust("Skip image verification"),
    ),
    (1, 1),
    "image pull, pull",
)
