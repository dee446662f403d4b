"""`push`."""

from pydock.cli import content_trust, credentials, progress, pulling
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, text, trust
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options

_NOTE = (
    "Using --platform pushes only the specified platform manifest of a multi-platform image index.\n"
    "Other components, like attestations, will not be included.\n"
    "To push the complete multi-platform image, remove the --platform flag.\n"
)


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Upload the image."""
    if not options.disable_content_trust:
        content_trust.refuse()
    platform = ""
    if options.platform:
        from pydock.cli.platform import as_json

        try:
            platform = as_json(options.platform)
        except Exit:
            console.err.write(f"Invalid platform {options.platform}")
            raise
        mark = "i Info → " if console.out.is_terminal() else " Info -> "
        console.out.write("\n" + f"{mark}{_NOTE}".replace("\n", "\n         ") + "\n")
    reference = parse(arguments[0])
    if options.all_tags and (reference.tag or reference.digest):
        raise Exit("tag can't be used with --all-tags/-a")
    if not options.all_tags and not reference.tag and not reference.digest:
        reference = reference.tagged()
        if not options.quiet:
            console.out.line(f"Using default tag: {reference.tag}")
    if reference.digest:
        raise Exit("cannot push a digest reference")
    console.out.flush()
    auth = credentials.header_for(console.config, reference.domain)
    tag = "" if options.all_tags else reference.tag
    response = images.push(console.engine(), reference.familiar_name, tag, platform, auth)
    progress.show(response.chunks(), pulling.Silence() if options.quiet else console.out)
    if options.quiet:
        console.out.line(reference.full)


COMMAND = Command(
    "[OPTIONS] NAME[:TAG]",
    "Upload an image to a registry",
    run,
    (
        boolean("all-tags", "Upload all tags of the repository", "a"),
        boolean("quiet", "Don't show progress", "q"),
        trust("Skip image signing"),
        text(
            "platform", "Upload one platform of a multi-platform image, as a single-platform one: os[/arch[/variant]]"
        ),
    ),
    (1, 1),
    "image push, push",
)
