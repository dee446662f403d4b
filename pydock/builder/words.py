"""Words of a Dockerfile as a shell would read them: quotes, escapes, variables.

What may stand in ``${...}`` is what Docker's own builder knows.  Used by `changes`.
"""

import json
import re
from collections.abc import Callable, Mapping

from pydock.errors import InvalidParameter

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?\-$!0]")


#: how much text variables may make in all, in characters: more than the config of any image holds
_LONGEST = 4 << 20
#: how many substitutions may be in one another
_DEEPEST = 100


class Room:
    """What variables may still make of words that belong together; each line could double what the one before made."""

    def __init__(self) -> None:
        self._left = _LONGEST

    def take(self, text: str) -> str:
        """Return `text`; InvalidParameter where there is no room for it."""
        self._left -= len(text)
        if self._left < 0:
            raise InvalidParameter(f"variables make more than {_LONGEST} characters")
        return text


def split(text: str, escape: str = "\\") -> list[str]:
    """Divide `text` at blanks outside of quotes; quotes and escapes stay as they are."""
    words: list[str] = []
    word, quote, begun = "", "", False
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if not quote and character.isspace():
            if begun:
                words.append(word)
            word, begun = "", False
            continue
        begun = True
        if quote and character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == escape and quote != "'":
            if position == len(text):
                break
            word += character
            character = text[position]
            position += 1
        word += character
    if begun and word:
        words.append(word)
    return words


def expand(word: str, variables: Mapping[str, str], room: Room, escape: str = "\\") -> str:
    """Return `word` without its quotes and with its variables replaced."""
    return "".join(piece for piece, _ in _Reader(word, variables, room, escape).pieces())


def expand_words(word: str, variables: Mapping[str, str], room: Room, escape: str = "\\") -> list[str]:
    """The same, divided at blanks that come from outside of quotes, those of variables too."""
    words: list[str] = []
    current: str | None = None
    for piece, quoted in _Reader(word, variables, room, escape).pieces():
        parts = [piece] if quoted else re.split(r"(\s+)", piece)
        for part in parts:
            if not quoted and (not part or part.isspace()):
                if part and current is not None:
                    words.append(current)
                    current = None
                continue
            current = (current or "") + part
    return words if current is None else [*words, current]


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str], room: Room, escape: str) -> None:
        self._text = text
        self._variables = variables
        self._room = room
        self._escape = escape
        self._at = 0
        self._depth = 0

    def pieces(self) -> list[tuple[str, bool]]:
        """All of the text: pieces, and whether blanks in them are part of a word."""
        try:
            return self._until("", raw=False)
        except InvalidParameter as error:
            quoted = json.dumps(self._text[:300], ensure_ascii=False)
            raise InvalidParameter(f"failed to process {quoted}: {error.message}") from None

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _until(self, stop: str, raw: bool) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []
        while character := self._peek():
            if stop and character == stop:
                self._at += 1
                return found
            if character == "'":
                found.append((self._single_quoted(), True))
            elif character == '"':
                found.append((self._double_quoted(raw), True))
            elif character == "$":
                found.append((self._room.take(self._variable()), False))
            else:
                found.append(self._plain(raw))
        if stop:
            raise InvalidParameter(f"unexpected end of statement while looking for matching {stop}")
        return found

    def _plain(self, raw: bool) -> tuple[str, bool]:
        character = self._next()
        if character != self._escape:
            return character, False
        following = self._next()
        return (character if raw else "") + following, bool(following)

    def _single_quoted(self) -> str:
        self._at += 1
        end = self._text.find("'", self._at)
        if end < 0:
            raise InvalidParameter("unexpected end of statement while looking for matching single-quote")
        quoted = self._text[self._at : end]
        self._at = end + 1
        return quoted

    def _double_quoted(self, raw: bool) -> str:
        self._at += 1
        out = ""
        while character := self._peek():
            if character == '"':
                self._at += 1
                return out
            if character == "$":
                out += self._room.take(self._variable())
                continue
            self._at += 1
            if character == self._escape:
                out += character if raw else ""
                if self._peek() and self._peek() in '"$' + self._escape:
                    character = self._next()
                elif not self._peek():
                    continue
            out += character
        raise InvalidParameter("unexpected end of statement while looking for matching double-quote")

    def _variable(self) -> str:
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._at += 1
        if not self._peek():
            raise InvalidParameter("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise InvalidParameter("syntax error: bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._variables.get(name, "")
        if operator == "/":
            return self._replaced(name)
        empty_is_unset = operator == ":"
        if empty_is_unset:
            operator = self._next()
        if operator and operator in "-+?":
            return self._conditional(name, operator, empty_is_unset)
        if operator and operator in "#%" and not empty_is_unset:
            return self._trimmed(name, operator)
        # Docker shows the end of the text as a character that it is not
        shown = operator or "\ufffd"
        raise InvalidParameter(f"unsupported modifier ({':' * empty_is_unset}{shown}) in substitution")

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _inner(self, stop: str, raw: bool) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidParameter(f"more than {_DEEPEST} substitutions in one another")
        try:
            text = "".join(piece for piece, _ in self._until(stop, raw))
        except InvalidParameter:
            if self._at >= len(self._text):
                raise InvalidParameter(f"syntax error: missing '{stop}'") from None
            raise
        self._depth -= 1
        return text

    def _conditional(self, name: str, operator: str, empty_is_unset: bool) -> str:
        word = self._inner("}", raw=False)
        value = self._variables.get(name)
        missing = value is None or (empty_is_unset and not value)
        if operator == "-":
            return word if missing else value or ""
        if operator == "+":
            return "" if missing else word
        if missing:
            state = "unset" if value is None else "empty"
            raise InvalidParameter(f"{name}: {word or f'is not allowed to be {state}'}")
        return value or ""

    def _trimmed(self, name: str, operator: str) -> str:
        pattern = self._inner("}", raw=True)
        greedy = pattern.startswith(operator)
        value = self._variables.get(name, "")
        expression = _pattern(pattern[1:] if greedy else pattern, greedy, self._escape, backwards=operator == "%")
        if operator == "#":
            match = expression.match(value)
            return value[match.end() :] if match else value
        match = expression.match(value[::-1])
        return value[: len(value) - match.end()] if match else value

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        self._at += everywhere
        pattern = self._inner("/", raw=True)
        replacement = self._inner("}", raw=True)
        expression = _pattern(pattern, True, self._escape)
        put: Callable[[re.Match[str]], str] = lambda match: self._room.take(replacement)  # noqa: E731
        return expression.sub(put, self._variables.get(name, ""), count=0 if everywhere else 1)


def _pattern(text: str, greedy: bool, escape: str, *, backwards: bool = False) -> re.Pattern[str]:
    """A shell pattern (``*`` and ``?``) as a regular expression, for the text read from its end where `backwards`.

    The parts between stars are atomic: only the last star decides how long the match is, going back to earlier ones
    could take for ever.
    """
    chunks: list[list[str]] = [[]]
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "*":
            chunks.append([])
        elif character == "?":
            chunks[-1].append(".")
        else:
            if character == escape and position < len(text):
                character = text[position]
                position += 1
            chunks[-1].append(re.escape(character))
    if backwards:
        chunks = [chunk[::-1] for chunk in chunks[::-1]]
    first, *others = ("".join(chunk) for chunk in chunks)
    last = f"{'.*' if greedy else '.*?'}{others.pop()}" if others else ""
    return re.compile(first + "".join(f"(?>.*?{chunk})" for chunk in others) + last, re.DOTALL)
