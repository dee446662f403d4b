"""Regular expressions that clients send, as Go's package regexp reads them, matched in time linear in the text.

Filters by name and the log options ``labels-regex`` and ``env-regex`` use them.  Python's `re` tries one way after the
other, which for ``(a+)+$`` takes for ever; here all ways are followed at once (Thompson's construction).  Only whether
there is a match can be asked, so greed and groups mean nothing.
"""

from collections.abc import Callable, Iterator

#: what one character must be
Test = Callable[[str], bool]

#: Go's limit of a repetition, and ours of a whole expression, in characters and in instructions
_MOST_REPEATS, _LONGEST, _LARGEST = 1000, 4096, 1000
_DEEPEST = 100
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DIGITS, _WORD, _SPACE = "0-9", "0-9A-Za-z_", "\t\n\f\r "
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\0-\x7f", "blank": "\t ", "cntrl": "\0-\x1f\x7f-\x7f",
    "digit": _DIGITS, "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@[-`{-~", "space": "\t-\r ",
    "upper": "A-Z", "word": _WORD, "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class BadExpression(Exception):
    """It is none; the text is Go's."""


class Expression:
    """One expression; BadExpression where it is none, or too large."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExpression("expression too large")
        self._program = _Parser(text).program()

    def search(self, text: str) -> bool:
        """Whether some part of `text` matches."""
        states: set[int] = set()
        for position in range(len(text) + 1):
            states.add(0)
            states = self._closure(states, text, position)
            if -1 in states:
                return True
            if position < len(text):
                states = self._step(states, text[position])
        return False

    def _step(self, states: set[int], character: str) -> set[int]:
        program = self._program
        return {
            state + 1
            for state in states
            if (test := program[state]) and not isinstance(test, tuple) and test(character)
        }

    def _closure(self, states: set[int], text: str, position: int) -> set[int]:
        """Every state that is reached without a character; -1 where the end is."""
        reached: set[int] = set()
        pending = list(states)
        while pending:
            state = pending.pop()
            if state in reached:
                continue
            reached.add(state)
            if state == len(self._program) - 1:
                return {-1}
            instruction = self._program[state]
            if isinstance(instruction, tuple):
                kind, targets = instruction
                if not kind or _holds(kind, text, position):
                    pending += [state + target for target in targets]
        return reached


def matcher(pattern: str) -> Callable[[str], bool]:
    """Docker's filter by name: the very name, or an expression that matches a part; what is none fits nothing else."""
    try:
        expression = Expression(pattern)
    except BadExpression:
        return lambda name: name == pattern
    return lambda name: name == pattern or expression.search(name)


#: a test of one character, or a jump: a condition ("" for none) and relative targets; the last is the end
_Instruction = Test | tuple[str, tuple[int, ...]]


def _holds(kind: str, text: str, position: int) -> bool:
    before = text[position - 1] if position else ""
    after = text[position : position + 1]
    match kind:
        case "start":
            return not before
        case "end":
            return not after
        case "line start":
            return before in ("", "\n")
        case "line end":
            return after in ("", "\n")
    border = _is_word(before) != _is_word(after)
    return border == (kind == "border")


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


class _Parser:
    """Reads an expression by descent; each part is a list of instructions with relative jumps."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._flags = frozenset[str]()

    def program(self) -> list[_Instruction]:
        """The whole; its end is the last instruction."""
        body = self._alternatives()
        if self._at < len(self._text):
            raise BadExpression(f"unexpected ): `{self._text}`")
        return [*body, ("", ())]

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _take(self, wanted: str) -> bool:
        if self._text.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False

    def _alternatives(self) -> list[_Instruction]:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        whole = branches.pop()
        while branches:
            branch = branches.pop()
            whole = [("", (1, len(branch) + 2)), *branch, ("", (len(whole) + 1,)), *whole]
        return whole

    def _sequence(self) -> list[_Instruction]:
        whole: list[_Instruction] = []
        while self._peek() not in ("", "|", ")"):
            start = self._at
            part = self._atom()
            if part is not None:
                whole += self._repeated(part, start)
            if len(whole) > _LARGEST:
                raise BadExpression("expression too large")
        return whole

    def _repeated(self, part: list[_Instruction], start: int) -> list[_Instruction]:
        begin = self._at
        bounds = self._bounds()
        if bounds is None:
            return part
        self._take("?")
        operator = self._text[begin : self._at]
        again = self._at
        if self._bounds() is not None:
            raise BadExpression(f"invalid nested repetition operator: `{operator}{self._text[again : self._at]}`")
        least, most = bounds
        if (max(least, most) + 1) * len(part) > _LARGEST:
            raise BadExpression("expression too large")
        optional = [("", (1, len(part) + 1)), *part]
        if most < 0:
            return [*part * least, ("", (1, len(part) + 2)), *part, ("", (-len(part) - 1,))]
        return [*part * least, *optional * (most - least)]

    def _bounds(self) -> tuple[int, int] | None:
        """How often the part before may come, -1 for without limit; None where no operator stands here."""
        for operator, bounds in (("*", (0, -1)), ("+", (1, -1)), ("?", (0, 1))):
            if self._take(operator):
                return bounds
        end = self._text.find("}", self._at)
        if self._peek() != "{" or end < 0:
            return None
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        if not all(part.isascii() and part.isdigit() for part in ((low, high) if high else (low,))):
            return None
        operator = self._text[self._at : end + 1]
        least = int(low[:9])
        most = int(high[:9]) if high else -1 if comma else least
        if least > _MOST_REPEATS or most > _MOST_REPEATS or 0 <= most < least:
            raise BadExpression(f"invalid repeat count: `{operator}`")
        self._at = end + 1
        return least, most

    def _atom(self) -> list[_Instruction] | None:
        """The next part; None for flags, which are no part."""
        character = self._peek()
        if character in "*+?":
            raise BadExpression(f"missing argument to repetition operator: `{character}`")
        start = self._at
        if self._bounds() is not None:
            raise BadExpression(f"missing argument to repetition operator: `{self._text[start : self._at]}`")
        self._at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return [self._class()]
            case "\\":
                return self._escape()
            case ".":
                return [(lambda one: True) if "s" in self._flags else lambda one: one != "\n"]
            case "^":
                return [("line start" if "m" in self._flags else "start", (1,))]
            case "$":
                return [("line end" if "m" in self._flags else "end", (1,))]
        return [self._folded(_range_test(((character, character),)))]

    def _group(self) -> list[_Instruction] | None:
        start, outer = self._at - 1, self._flags
        if self._take("?") and not self._named() and not self._read_flags(start):
            return None
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadExpression("expression nests too deeply")
        body = self._alternatives()
        self._depth -= 1
        if not self._take(")"):
            raise BadExpression(f"missing closing ): `{self._text}`")
        self._flags = outer
        return body

    def _named(self) -> bool:
        start = self._at - 2
        if not (self._take("P<") or self._take("<")):
            return False
        end = self._text.find(">", self._at)
        name = self._text[self._at : end]
        if end < 0 or not name or not all(map(_is_word, name)):
            raise BadExpression(f"invalid named capture: `{self._text[start : end + 1 if end >= 0 else None]}`")
        self._at = end + 1
        return True

    def _read_flags(self, start: int) -> bool:
        """Read ``i-s:`` or ``i)`` after a question mark; whether a group follows."""
        on = True
        flags = set(self._flags)
        while (character := self._peek()) in "imsU-" and character:
            self._at += 1
            if character == "-":
                on = False
            elif on:
                flags.add(character)
            else:
                flags.discard(character)
        self._at += 1
        if character not in (":", ")"):
            raise BadExpression(f"invalid or unsupported Perl syntax: `{self._text[start : self._at]}`")
        self._flags = frozenset(flags)
        return character == ":"

    def _escape(self) -> list[_Instruction]:
        character = self._peek()
        if condition := {"A": "start", "z": "end", "b": "border", "B": "no border"}.get(character):
            self._at += 1
            return [(condition, (1,))]
        if character == "Q":
            end = self._text.find("\\E", self._at)
            literal = self._text[self._at + 1 : end if end >= 0 else None]
            self._at = end + 2 if end >= 0 else len(self._text)
            return [self._folded(_range_test(((one, one),))) for one in literal]
        if (shared := self._shared()) is not None:
            return [shared]
        one = self._escaped()
        return [self._folded(_range_test(((one, one),)))]

    def _shared(self) -> Test | None:
        """``\\d`` and its like, which mean a set inside of brackets and outside."""
        character = self._peek()
        sets = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
        if not character or character.lower() not in sets:
            return None
        self._at += 1
        test = _range_test(tuple(_pairs(sets[character.lower()])))
        return test if character.islower() else _not(test)

    def _escaped(self) -> str:
        """The one character that an escape stands for."""
        character = self._peek()
        if not character:
            raise BadExpression("trailing backslash at end of expression: ``")
        self._at += 1
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "x":
            return self._hexadecimal()
        if character.isascii() and character.isalnum():
            raise BadExpression(f"invalid escape sequence: `\\{character}`")
        return character

    def _hexadecimal(self) -> str:
        start = self._at - 2
        if self._take("{"):
            end = self._text.find("}", self._at)
            digits = self._text[self._at : end] if end >= 0 else ""
            self._at = end + 1
        else:
            digits = self._peek(2) if len(self._peek(2)) == 2 else ""
            self._at += 2
        try:
            return chr(int(digits if digits.isalnum() else "", 16))
        except (ValueError, OverflowError):
            raise BadExpression(f"invalid escape sequence: `{self._text[start : self._at]}`") from None

    def _class(self) -> Test:
        """A set in brackets."""
        start = self._at - 1
        negated = self._take("^")
        tests: list[Test] = []
        pairs: list[tuple[str, str]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            if not self._peek():
                raise BadExpression(f"missing closing ]: `{self._text[start:]}`")
            if named := self._named_class():
                tests.append(named)
                continue
            if self._peek() == "\\":
                self._at += 1
                if (shared := self._shared()) is not None:
                    tests.append(shared)
                    continue
                self._at -= 1
            pairs.append(self._pair(start))
        self._at += 1
        tests.append(self._folded(_range_test(tuple(pairs))))
        found: Test = lambda one: any(test(one) for test in tests)  # noqa: E731
        return _not(found) if negated else found

    def _named_class(self) -> Test | None:
        end = self._text.find(":]", self._at + 2)
        if self._peek(2) != "[:" or end < 0:
            return None
        name = self._text[self._at + 2 : end]
        members = _CLASSES.get(name.removeprefix("^"))
        if members is None:
            raise BadExpression(f"invalid character class range: `{self._text[self._at : end + 2]}`")
        self._at = end + 2
        test = _range_test(tuple(_pairs(members)))
        return _not(test) if name.startswith("^") else test

    def _pair(self, start: int) -> tuple[str, str]:
        begin = self._at
        low = self._member(start)
        if self._peek() != "-" or self._peek(2) in ("-", "-]"):
            return low, low
        self._at += 1
        high = self._member(start)
        if high < low:
            raise BadExpression(f"invalid character class range: `{self._text[begin : self._at]}`")
        return low, high

    def _member(self, start: int) -> str:
        character = self._peek()
        if not character:
            raise BadExpression(f"missing closing ]: `{self._text[start:]}`")
        self._at += 1
        return self._escaped() if character == "\\" else character

    def _folded(self, test: Test) -> Test:
        """`test` of a character in either case, where that flag is set."""
        if "i" not in self._flags:
            return test
        return lambda one: test(one) or test(one.lower()) or test(one.upper())


def _range_test(pairs: tuple[tuple[str, str], ...]) -> Test:
    if len(pairs) == 1 and pairs[0][0] == pairs[0][1]:
        return pairs[0][0].__eq__
    return lambda one: any(low <= one <= high for low, high in pairs)


def _pairs(members: str) -> Iterator[tuple[str, str]]:
    """``0-9_`` as pairs of ends."""
    at = 0
    while at < len(members):
        if members[at + 1 : at + 2] == "-":
            yield members[at], members[at + 2]
            at += 3
        else:
            yield members[at], members[at]
            at += 1


def _not(test: Test) -> Test:
    return lambda one: not test(one)
