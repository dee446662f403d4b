"""What the filters of image lists and of prune mean: labels, moments, globs over names, booleans.

Pure; used by `listing` and `removal`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydock.errors import InvalidParameter

_TRUE, _FALSE = frozenset(("1", "true")), frozenset(("0", "false"))
Filters = Mapping[str, Sequence[str]]


def boolean(filters: Filters, key: str, default: bool) -> bool:
    """Return a filter that is true or false; what else is asked for beside one of them counts for nothing."""
    values = filters.get(key)
    if not values:
        return default
    true, false = not _TRUE.isdisjoint(values), not _FALSE.isdisjoint(values)
    if true == false:
        raise InvalidParameter(f"invalid filter '{key}=[{' '.join(values)}]'")
    return true


def has_labels(wanted: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Tell whether `labels` has all of ``key`` or ``key=value``."""
    for label in wanted:
        key, equals, value = label.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def matches_glob(pattern: str, text: str) -> bool:
    """Match as Go's path.Match does: ``*`` and ``?`` stop at slashes, and a star takes the first that fits."""
    return _glob(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    chunks, position = [""], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            chunks.append("")
        elif character == "?":
            chunks[-1] += "[^/]"
        elif character == "[":
            part, position = _character_class(pattern, position)
            chunks[-1] += part
        else:
            if character == "\\":
                if position == len(pattern):
                    raise InvalidParameter("syntax error in pattern")
                character = pattern[position]
                position += 1
            chunks[-1] += re.escape(character)
    first, *others = chunks
    last = f"[^/]*{others.pop()}" if others else ""
    # atomic: going back to earlier stars could take for ever, and would find nothing
    return re.compile(first + "".join(f"(?>[^/]*?{chunk})" for chunk in others) + last, re.DOTALL)


def _character_class(pattern: str, position: int) -> tuple[str, int]:
    """Return a class as a regular expression and the place after its bracket."""
    negated = pattern[position : position + 1] == "^"
    end = position + negated
    body = ""
    while end < len(pattern) and pattern[end] != "]":
        character = pattern[end]
        if character == "-" and not body:
            raise InvalidParameter("syntax error in pattern")
        if character == "\\":
            end += 1
            character = pattern[end : end + 1]
        body += "-" if character == "-" and body else re.escape(character)
        end += 1
    if end >= len(pattern) or not body or body.endswith("-"):
        raise InvalidParameter("syntax error in pattern")
    try:
        re.compile(f"[{body}]")
    except re.error:
        raise InvalidParameter("syntax error in pattern") from None
    return f"[{'^' if negated else ''}{body}]", end + 1
