"""Docker's content trust (signed tags), which there is none of here: who asks for it is refused, not passed over.

Used by the commands that pull, push or make a container.
"""

from pydock.cli.exits import Exit


def refuse() -> None:
    """Raise Exit: signatures were to be verified."""
    raise Exit("content trust is not available: pydock does not verify signatures of images")
