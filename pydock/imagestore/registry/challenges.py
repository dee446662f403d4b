"""The ``WWW-Authenticate`` header taken apart.  Used by the session."""

import re
from collections.abc import Iterable

#: the scheme in lower case, and its parameters
Challenge = tuple[str, dict[str, str]]

# what stands between is one class: two runs of blanks with a comma between them would be tried in every division
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'[\s,]*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|(?=,)|$)")
_MAX_HEADER = 16 << 10


def parse(headers: Iterable[str]) -> list[Challenge]:
    """The challenges in the values of the header, in their order; what cannot be read is passed over."""
    found: list[Challenge] = []
    for header in headers:
        position = 0
        text = header[:_MAX_HEADER]
        while scheme := _SCHEME.match(text, position):
            position = scheme.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(text, position):
                position = parameter.end()
                quoted = parameter[2]
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3]
                parameters.setdefault(parameter[1].lower(), value)
            found.append((scheme[1].lower(), parameters))
    return found
