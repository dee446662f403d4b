"""`tag`."""

from pydock.cli.exits import Exit
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import images
from pydock.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Give the image one more name."""
    source, target = arguments
    if not source:
        raise Exit(_wrong(source, "invalid reference format"))
    try:
        reference = parse(target)
    except InvalidParameter as error:
        raise Exit(_wrong(target, error.message)) from None
    if reference.digest:
        raise Exit("refusing to create a tag with a digest reference")
    images.tag(console.engine(), source, reference.name, reference.tag or "latest")


def _wrong(text: str, why: str) -> str:
    from pydock.cli.flags import quoted

    return f"Error parsing reference: {quoted(text)} is not a valid repository/tag: {why}"


COMMAND = Command(
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image one more name", run, (), (2, 2), "image tag, tag"
)
