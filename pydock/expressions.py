"""Regular expressions that clients send, as Go's package regexp reads them, matched in time linear in the text.

Filters by name and the log options ``labels-regex`` and ``env-regex`` use them.  Python's `re` tries one way after the
other, which for ``(a+)+$`` takes for ever; RE2 follows all ways at once, and its syntax is the one that Go's took over.
"""

from collections.abc import Callable

#: the longest expression, in characters
_LONGEST = 4096
#: how RE2 tells what is wrong, and how Go does
_GOS_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "bad repetition operator": "invalid nested repetition operator",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}


class BadExpression(Exception):
    """It is none; the text is Go's."""


class Expression:
    """One expression; BadExpression where it is none, or too large."""

    def __init__(self, text: str) -> None:
        import re2  # takes 3 MB, which most daemons and no shim ever need

        if len(text) > _LONGEST:
            raise BadExpression("expression too large")
        options = re2.Options()
        options.log_errors = False
        try:
            self._compiled = re2.compile(_encoded(text), options)
        except re2.error as error:
            raise BadExpression(_in_gos_words(error.args[0].decode(errors="replace"))) from None

    def search(self, text: str) -> bool:
        """Whether some part of `text` matches."""
        return self._compiled.search(_encoded(text)) is not None


def matcher(pattern: str) -> Callable[[str], bool]:
    """Docker's filter by name: the very name, or an expression that matches a part; what is none fits nothing else."""
    try:
        expression = Expression(pattern)
    except BadExpression:
        return lambda name: name == pattern
    return lambda name: name == pattern or expression.search(name)


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")


def _in_gos_words(message: str) -> str:
    if message.startswith("trailing \\"):
        return "trailing backslash at end of expression: ``"
    kind, _, what = message.partition(": ")
    return f"{_GOS_WORDS.get(kind, kind)}: `{what}`"
