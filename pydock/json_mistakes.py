"""What Go's JSON decoder says of bytes that are no JSON: bodies and files are refused in its words, as Docker does.

Called after a parser has refused them.
"""

import json
import re
from typing import Final, NoReturn

CONTENT_AFTER: Final = "unexpected content after JSON"
_CUT_OFF: Final = "unexpected EOF"
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
_NUMBER: Final = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:(\.)[0-9]*)?(?:(?<=[0-9])([eE])[+-]?[0-9]*)?)?")
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_AFTER_VALUE: Final = {"{": "after object key:value pair", "[": "after array element"}


class _MistakeError(Exception):
    """The text says what is wrong."""


def explain(body: bytes) -> str:
    """The first mistake in `body`, "" where it is one JSON value."""
    try:
        return _Scanner(body.decode("latin-1")).scan()  # bytes, as Go's scanner takes them
    except _MistakeError as mistake:
        return str(mistake)


def explain_file(data: bytes) -> str:
    """The same of a whole file, of which Go's json.Unmarshal says some things otherwise."""
    scanner = _Scanner(data.decode("latin-1"))
    try:
        return f"invalid character {scanner.quoted()} after top-level value" if scanner.scan() else ""
    except _MistakeError as mistake:
        return "unexpected end of JSON input" if str(mistake) == _CUT_OFF else str(mistake)


class _Scanner:
    """Goes through a text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        #: the brackets that are open
        self._open: list[str] = []

    def scan(self) -> str:
        """Find the first mistake, or raise it."""
        self._value()
        while self._open:
            self._next_of_many()
        self._at = self._space()
        return CONTENT_AFTER if self._at < len(self._text) else ""

    def quoted(self) -> str:
        """The character where the mistake is."""
        char = self._char()
        return {"'": r"'\''", '"': "'\"'"}.get(char) or f"'{json.dumps(char, ensure_ascii=False)[1:-1]}'"

    def _next_of_many(self) -> None:
        """What follows a value in an object or array: its end, or another one."""
        around = self._open[-1]
        char = self._peek()
        if char == ",":
            self._at += 1
            if around == "{":
                self._key()
            self._value()
        elif char == ("}" if around == "{" else "]"):
            self._at += 1
            self._open.pop()
        else:
            self._refuse(_AFTER_VALUE[around])

    def _value(self) -> None:
        """A value, or the beginning of an object or array with the first thing in it."""
        while (char := self._peek()) in "{[":
            self._at += 1
            if self._peek() == ("}" if char == "{" else "]"):
                self._at += 1
                return
            self._open.append(char)
            if char == "{":
                self._key()
        if char == '"':
            self._string()
        elif char == "-" or char in "0123456789":
            self._number()
        elif char in _LITERALS:
            self._literal(_LITERALS[char])
        else:
            self._refuse("looking for beginning of value")

    def _key(self) -> None:
        if self._peek() != '"':
            self._refuse("looking for beginning of object key string")
        self._string()
        if self._peek() != ":":
            self._refuse("after object key")
        self._at += 1

    def _string(self) -> None:
        self._at += len(_STRING.match(self._text, self._at)[0])  # type: ignore[index]  # a quote stands here
        char = self._char()
        if char == "\\":
            self._at += 1
            if self._char() != "u":
                self._refuse("in string escape code")
            self._at += 1
            while self._char() in "0123456789abcdefABCDEF":
                self._at += 1
            self._refuse("in \\u hexadecimal character escape")
        if char != '"':
            self._refuse("in string literal")
        self._at += 1

    def _number(self) -> None:
        found = _NUMBER.match(self._text, self._at)
        assert found is not None  # it matches nothing, too
        self._at = found.end()
        if found[0][-1] in "0123456789":
            return
        if found[2]:
            self._refuse("in exponent of numeric literal")
        self._refuse("after decimal point in numeric literal" if found[1] else "in numeric literal")

    def _literal(self, word: str) -> None:
        for letter in word:
            if self._char() != letter:
                self._refuse(f"in literal {word} (expecting '{letter}')")
            self._at += 1

    def _peek(self) -> str:
        """The next character that is no space."""
        self._at = self._space()
        return self._char()

    def _space(self) -> int:
        return _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def _char(self) -> str:
        if self._at >= len(self._text):
            raise _MistakeError(_CUT_OFF)
        return self._text[self._at]

    def _refuse(self, where: str) -> NoReturn:
        raise _MistakeError(f"invalid character {self.quoted()} {where}")
