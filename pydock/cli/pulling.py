"""Pulling an image: for `pull`, and for `run` and `create` where the image is missing."""

from pydock.cli import credentials, progress
from pydock.cli.console import Console, Output
from pydock.cli.reference import Reference, parse
from pydock.client import images


class Silence(Output):
    """An output that nobody sees."""

    def __init__(self) -> None:
        super().__init__(-1)

    def write_bytes(self, data: bytes | memoryview) -> None:
        """Drop `data`."""

    def is_terminal(self) -> bool:
        """No terminal."""
        return False


def pull(console: Console, reference: Reference, platform: str, output: Output, everything: bool = False) -> None:
    """Pull `reference`, or all tags of its repository, showing progress on `output`."""
    auth = credentials.header_for(console.config, reference.domain)
    tag = "" if everything else reference.digest or reference.tag
    response = images.pull(console.engine(), reference.familiar_name, tag, platform, auth)
    progress.show(response.chunks(), output)
    console.engine().release(response)


def pull_for_run(console: Console, image: str, platform: str, quiet: bool) -> None:
    """Pull what `run` lacks; standard output is the container's, so progress goes to standard error."""
    console.flush()
    pull(console, parse(image).tagged(), platform, Silence() if quiet else console.err)
