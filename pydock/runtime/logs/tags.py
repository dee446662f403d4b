"""The ``tag`` log option: text with ``{{.Field}}`` in it, filled in from what is known of the container.  Pure.

The daemon calls this when a container starts.
"""

import json
import re
from collections.abc import Callable, Mapping

from pydock.errors import InvalidParameter

#: what a tag may speak of
FIELDS = (
    "ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Command", "Hostname", "LogPath",
    "ContainerID", "ContainerName", "ContainerImageID", "ContainerImageName",
)  # fmt: skip
_FUNCTIONS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "json": json.dumps,
    "print": str,
}
#: what syslog and journald use where no tag is given
DEFAULT = "{{.ID}}"
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_NAMED = "template: log-tag:1:"


def render(template: str, facts: Mapping[str, str]) -> str:
    """`template` with its fields filled in from `facts`; InvalidParameter for what is not a field or a function."""

    def value(match: re.Match[str]) -> str:
        words = _words(match[1])
        text = _field(words[0], match.start(1), facts)
        for name in words[1:]:
            if name not in _FUNCTIONS:
                raise InvalidParameter(f'{_NAMED} function "{name}" not defined')
            text = _FUNCTIONS[name](text)
        return text

    text = _ACTION.sub(value, template)
    if "{{" in _ACTION.sub("", template):
        raise InvalidParameter(f"{_NAMED} unclosed action")
    return text


def _words(action: str) -> list[str]:
    """The field and what is made of it: ``.Name``, ``upper .Name`` and ``.Name | upper`` are understood."""
    first, *rest = [part.strip() for part in action.split("|")]
    return [*reversed(first.split()), *rest] or [""]


def _field(word: str, column: int, facts: Mapping[str, str]) -> str:
    name = word.removeprefix(".")
    if not word.startswith("."):
        raise InvalidParameter(
            f'{_NAMED} function "{word}" not defined' if word else f"{_NAMED} missing value for command"
        )
    if name not in FIELDS:
        raise InvalidParameter(
            f'{_NAMED}{column}: executing "log-tag" at <.{name}>: can\'t evaluate field {name} in type *logger.Info'
        )
    return facts.get(name, "")
