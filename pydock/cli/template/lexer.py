"""The tokens of a template.  Called by `parser`; accepts and complains of what text/template/parse/lex.go does."""

from pydock.go_text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KEYWORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"))
_SPACES = " \t\r\n"
_DIGITS = "0123456789_"
_HEX = "0123456789_abcdefABCDEF"


class Token:
    """One token: its kind, its text, where it stands and in which line."""

    __slots__ = ("kind", "line", "position", "text")

    def __init__(self, kind: str, text: str, position: int, line: int) -> None:
        self.kind = kind
        self.text = text
        self.position = position
        self.line = line

    def __str__(self) -> str:
        if self.kind == "EOF":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS or self.kind == ".":
            return f"<{self.text}>"
        if len(self.text) > 10:
            return quote(self.text[:10]) + "..."
        return quote(self.text)


def tokens(source: str) -> "Iterator[Token]":
    """The tokens of `source`, an error or EOF last."""
    return _Lexer(source).run()


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


class _Lexer:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._parens = 0

    def _token(self, kind: str, start: int, text: "str | None" = None) -> Token:
        if text is None:
            text = self._source[start : self._at]
        return Token(kind, text, start, 1 + self._source.count("\n", 0, start))

    def run(self) -> "Iterator[Token]":
        source = self._source
        while True:
            start = self._at
            opening = source.find("{{", start)
            if opening < 0:
                self._at = len(source)
                if self._at > start:
                    yield self._token("text", start)
                yield self._token("EOF", self._at, "")
                return
            trim = source[opening + 2 : opening + 3] == "-" and source[opening + 3 : opening + 4] in tuple(_SPACES)
            text = source[start:opening]
            if trim:
                text = text.rstrip(_SPACES)
            if text:
                yield self._token("text", start, text)
            self._at = opening + 2 + (2 if trim else 0)
            if source.startswith("/*", self._at):
                problem = self._comment()
            else:
                yield self._token("{{", opening, "{{")
                problem = None
                self._parens = 0
                for token in self._inside():
                    yield token
                    if token.kind == "error":
                        return
            if problem:
                yield problem
                return

    def _comment(self) -> "Token | None":
        source = self._source
        end = source.find("*/", self._at)
        start = self._at
        if end < 0:
            return self._token("error", start, "unclosed comment")
        self._at = end + 2
        if not self._closing():
            return self._token("error", start, "comment ends before closing delimiter")
        return None

    def _closing(self) -> bool:
        """Pass the closing delimiter where one stands here."""
        source = self._source
        if source.startswith("}}", self._at):
            self._at += 2
            return True
        if source[self._at : self._at + 1] in tuple(_SPACES) and source.startswith("-}}", self._at + 1):
            self._at += 4
            while source[self._at : self._at + 1] in tuple(_SPACES):
                self._at += 1
            return True
        return False

    def _inside(self) -> "Iterator[Token]":
        source = self._source
        while True:
            start = self._at
            if self._closing():
                if self._parens:
                    yield self._token("error", start, "unclosed left paren")
                    return
                yield self._token("}}", start, "}}")
                return
            if start >= len(source):
                yield self._token("error", start, "unclosed action")
                return
            char = source[start]
            self._at += 1
            if char in _SPACES:
                while source[self._at : self._at + 1] in tuple(_SPACES) and not source.startswith(" -}}", self._at):
                    self._at += 1
                yield self._token("space", start)
            elif char in "\"`'":
                yield self._quoted(start, char)
            elif char == "." and self._at < len(source) and not source[self._at].isdigit():
                yield self._field(start, "field")
            elif char == "$":
                yield self._field(start, "variable")
            elif char in "+-.0123456789":
                self._at = start
                yield self._number(start)
            elif _is_word(char):
                yield self._word(start)
            else:
                yield self._sign(start, char)

    def _sign(self, start: int, char: str) -> Token:
        source = self._source
        if char == ":":
            if source[self._at : self._at + 1] != "=":
                return self._token("error", start, "expected :=")
            self._at += 1
            return self._token(":=", start)
        if char == "(":
            self._parens += 1
        if char == ")":
            self._parens -= 1
            if self._parens < 0:
                return self._token("error", start, "unexpected right paren")
        if char in "|=(),":
            return self._token(char, start)
        if " " < char < "\x7f":
            return self._token("char", start)
        return self._token("error", start, f"unrecognized character in action: {_code(char)}")

    def _quoted(self, start: int, mark: str) -> Token:
        source = self._source
        names = {'"': "unterminated quoted string", "`": "unterminated raw quoted string"}
        while self._at < len(source):
            char = source[self._at]
            self._at += 1
            if char == mark:
                return self._token({'"': "string", "`": "raw", "'": "charconst"}[mark], start)
            if mark == "`":
                continue
            if char == "\\" and self._at < len(source) and source[self._at] != "\n":
                self._at += 1
            elif char == "\n":
                break
        return self._token("error", start, names.get(mark, "unterminated character constant"))

    def _field(self, start: int, kind: str) -> Token:
        source = self._source
        while self._at < len(source) and _is_word(source[self._at]):
            self._at += 1
        if kind == "field" and self._at == start + 1 and self._terminated():
            return self._token(".", start)
        if not self._terminated():
            return self._token("error", start, f"bad character {_code(source[self._at])}")
        return self._token(kind, start)

    def _terminated(self) -> bool:
        rest = self._source[self._at : self._at + 2]
        return not rest or rest[0] in _SPACES or rest[0] in ".,|:)(" or rest == "}}"

    def _word(self, start: int) -> Token:
        source = self._source
        while self._at < len(source) and _is_word(source[self._at]):
            self._at += 1
        word = source[start : self._at]
        if not self._terminated():
            return self._token("error", start, f"bad character {_code(source[self._at])}")
        if word in KEYWORDS:
            return self._token(word, start)
        return self._token("bool" if word in ("true", "false") else "identifier", start)

    def _number(self, start: int) -> Token:
        source = self._source
        at = start + (1 if source[start] in "+-" else 0)
        digits = _DIGITS
        if source[at : at + 1] == "0" and source[at + 1 : at + 2] in tuple("xXoObB"):
            digits = {"x": _HEX, "o": "01234567_", "b": "01_"}[source[at + 1].lower()]
            at += 2
        at = self._run(at, digits)
        if source[at : at + 1] == ".":
            at = self._run(at + 1, digits)
        powers = {_DIGITS: ("e", "E"), _HEX: ("p", "P")}.get(digits, ())
        if source[at : at + 1] in powers and powers:
            at += 1
            if source[at : at + 1] in ("+", "-"):
                at += 1
            at = self._run(at, _DIGITS)
        if source[at : at + 1] == "i":
            at += 1
        self._at = at
        if at < len(source) and _is_word(source[at]):
            self._at = at + 1
            return self._token("error", start, f"bad number syntax: {quote(source[start : self._at])}")
        return self._token("number", start)

    def _run(self, at: int, allowed: str) -> int:
        while at < len(self._source) and self._source[at] in allowed:
            at += 1
        return at


def _code(char: str) -> str:
    shown = f" '{char}'" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"
