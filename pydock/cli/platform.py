"""`--platform`: os[/arch[/variant]] as the API takes it.  Called by the image commands."""

from pydock import platform_words
from pydock.cli.exits import Exit
from pydock.client import json_text
from pydock.errors import InvalidParameter


def chosen(text: str, wrong: str = "invalid platform") -> str:
    """`as_json` for commands that say what is wrong where `text` is no platform."""
    try:
        return as_json(text)
    except Exit as end:
        raise Exit(f"{wrong}: {end.message}") from None


def as_json(text: str) -> str:
    """The platform that `text` names, as the API's query parameters have it."""
    try:
        words = platform_words.parse(text)
    except InvalidParameter as error:
        raise Exit(error.message) from None
    parts = {
        "architecture": words.architecture,
        "os": words.os,
        "os.version": words.os_version,
        "os.features": list(words.os_features),
        "variant": words.variant,
    }
    return json_text.dumps({key: value for key, value in parts.items() if value})
