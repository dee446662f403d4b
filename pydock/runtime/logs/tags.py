"""The ``tag`` log option: text with ``{{.Field}}`` in it, filled in from what is known of the container.  Pure.

The daemon calls this when a container is created, to refuse what cannot be, and when it starts.
"""

import re
from collections.abc import Mapping

from pydock.errors import InvalidParameter

#: what a tag may speak of
FIELDS = ("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Command", "Hostname")
#: what syslog and journald use where no tag is given
DEFAULT = "{{.ID}}"
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)


def render(template: str, facts: Mapping[str, str]) -> str:
    """`template` with its fields filled in from `facts`; InvalidParameter for what is not a field."""

    def field(match: re.Match[str]) -> str:
        name = match[1].removeprefix(".")
        if not match[1].startswith(".") or name not in FIELDS:
            raise InvalidParameter(f"template: log-tag:1: can't evaluate {match[1] or 'nothing'} in a log tag")
        return facts.get(name, "")

    text = _ACTION.sub(field, template)
    if "{{" in _ACTION.sub("", template):
        raise InvalidParameter("template: log-tag:1: unclosed action")
    return text
