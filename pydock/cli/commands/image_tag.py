"""`tag`."""

from pydock.cli.exits import Exit
from pydock.cli.reference import Reference, is_identity, parse
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
    if not is_identity(source):
        _parsed(source)
    reference = _parsed(target)
    if reference.digest:
        raise Exit("refusing to create a tag with a digest reference")
    images.tag(console.engine(), source, reference.name, reference.tag or "latest")


def _parsed(text: str) -> Reference:
    try:
        return parse(text)
    except InvalidParameter as error:
        from pydock.cli.flags import quoted

        wrong = f"{quoted(text)} is not a valid repository/tag: {error.message}"
        raise Exit(f"Error parsing reference: {wrong}") from None


COMMAND = Command(
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image one more name", run, (), (2, 2), "image tag, tag"
)
