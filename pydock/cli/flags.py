"""Flags and their parser, which reads a command line as Docker's does (GNU style, `--flag=false`, `-it`, `-p80:80`).

Each command module declares a tuple of flags; `main` parses with `parse`, `click_tree` describes the same flags to
click.  Values are checked here; what they mean together is the command's business.
"""

import os

from pydock.cli.exits import FlagError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Check = Callable[[str], Any]

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class Flag:
    """One flag: its names, what it takes, and where its value goes."""

    __slots__ = (
        "default",
        "deprecated",
        "help",
        "hidden",
        "kind",
        "name",
        "optional",
        "parse",
        "repeat",
        "short",
        "target",
    )

    def __init__(self, name: str, short: str, kind: str, help: str, parse: "Check", default: "Any") -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.parse = parse
        self.default = default
        self.repeat = False
        self.hidden = False
        self.deprecated = ""
        #: the value that the flag has where it is given without one, None where it must have one
        self.optional: str | None = None
        self.target = name.replace("-", "_")

    @property
    def label(self) -> str:
        """How messages name the flag: `-e, --env`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Options:
    """The parsed values, by flag name with `_` for `-`; `changed` has the names of those that were given."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.help = False

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


def _boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {quoted(text)}: invalid syntax")


def quoted(text: str) -> str:
    """`text` in double quotes as Go's %q has it."""
    from pydock.client.json_text import dumps_go

    return dumps_go(text)


def _number(bits: int, signed: bool) -> "Check":
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    name = "ParseInt" if signed else "ParseUint"

    def parse(text: str) -> int:
        try:
            if text.strip() != text or not text.isascii() or (not signed and text[:1] in ("+", "-")):
                raise ValueError
            digits = text.lstrip("+-")
            octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
            value = int(text, 8 if octal else 0)
        except ValueError:
            raise ValueError(f"strconv.{name}: parsing {quoted(text)}: invalid syntax") from None
        if not low <= value <= high:
            raise ValueError(f"strconv.{name}: parsing {quoted(text)}: value out of range")
        return value

    return parse


def boolean(name: str, help: str, short: str = "", default: bool = False) -> Flag:
    """A switch; `--name=false` turns it off."""
    flag = Flag(name, short, "", help, _boolean, default)
    flag.optional = "true"
    return flag


def text(name: str, help: str, short: str = "", default: str = "", kind: str = "string", check: "Check" = str) -> Flag:
    """A flag with one value; `check` may turn the text into something else."""
    return Flag(name, short, kind, help, check, default)


def trust(help: str) -> Flag:
    """`--disable-content-trust`; DOCKER_CONTENT_TRUST says what holds where it is not given."""
    asked = os.environ.get("DOCKER_CONTENT_TRUST", "")
    return boolean("disable-content-trust", help, default=not asked or asked in _FALSE)


def integer(name: str, help: str, short: str = "", default: int = 0, bits: int = 64, kind: str = "int") -> Flag:
    """A flag with a number; `kind` is int, uint, uint16 ..."""
    return Flag(name, short, kind, help, _number(bits, not kind.startswith("u")), default)


def listing(name: str, help: str, short: str = "", kind: str = "list", check: "Check" = str) -> Flag:
    """A flag that may be given many times; its value is the list."""
    flag = Flag(name, short, kind, help, check, [])
    flag.repeat = True
    return flag


def hidden(flag: Flag, target: str = "", deprecated: str = "") -> Flag:
    """`flag`, not shown in help; with `target`, another name of that flag."""
    flag.hidden = True
    flag.deprecated = deprecated
    if target:
        flag.target = target.replace("-", "_")
    return flag


#: the flag that every command has; `-h` means it too, unless the command has a use for that letter
_HELP = boolean("help", "Print usage")


def parse(
    flags: "Sequence[Flag]",
    words: "Sequence[str]",
    interspersed: bool = True,
    note: "Callable[[str], None] | None" = None,
) -> "tuple[Options, list[str]]":
    """The values of `flags` in `words`, and the words that are arguments."""
    options = Options()
    values = options.__dict__
    longs = {"help": _HELP}
    shorts = {"h": _HELP}
    for flag in flags:
        longs[flag.name] = flag
        if flag.short:
            shorts[flag.short] = flag
        if flag.target not in values:
            values[flag.target] = [] if flag.repeat else flag.default
    reader = _Reader(options, longs, shorts, list(words))
    arguments: list[str] = []
    while reader.words:
        word = reader.words.pop(0)
        if word == "--":
            arguments += reader.words
            break
        if len(word) < 2 or word[0] != "-":
            arguments.append(word)
            if not interspersed:
                arguments += reader.words
                break
        elif word[1] == "-":
            reader.long(word)
        else:
            reader.shorts(word)
    if note:
        for said in reader.notes:
            note(said)
    return options, arguments


class _Reader:
    def __init__(
        self,
        options: Options,
        longs: "dict[str, Flag]",
        shorts: "dict[str, Flag]",
        words: "list[str]",
    ) -> None:
        self.options = options
        self._longs = longs
        self._shorts = shorts
        self.words = words
        #: what to tell of flags that should not be used any more, if the line is well-formed
        self.notes: list[str] = []

    def long(self, word: str) -> None:
        name, equals, value = word[2:].partition("=")
        if not name or name[0] in "-=":
            raise FlagError(f"bad flag syntax: {word}")
        flag = self._longs.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: --{name}")
        if not equals:
            if flag.optional is not None:
                value = flag.optional
            elif self.words:
                value = self.words.pop(0)
            else:
                raise FlagError(f"flag needs an argument: --{name}")
        self._set(flag, value)

    def shorts(self, word: str) -> None:
        rest = word[1:]
        while rest:
            letter, rest = rest[0], rest[1:]
            flag = self._shorts.get(letter)
            if flag is None:
                raise FlagError(f"unknown shorthand flag: {_rune(letter)} in -{letter}{rest}")
            if flag is _HELP:
                self.notes.append("Flag shorthand -h has been deprecated, use --help")
            if len(rest) > 1 and rest[0] == "=":
                value, rest = rest[1:], ""
            elif flag.optional is not None:
                value = flag.optional
            elif rest:
                value, rest = rest, ""
            elif self.words:
                value = self.words.pop(0)
            else:
                raise FlagError(f"flag needs an argument: {_rune(letter)} in {word}")
            self._set(flag, value)

    def _set(self, flag: Flag, value: str) -> None:
        try:
            parsed = flag.parse(value)
        except ValueError as error:
            raise FlagError(f"invalid argument {quoted(value)} for {quoted(flag.label)} flag: {error}") from error
        if flag.deprecated:
            self.notes.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
        values = self.options.__dict__
        if flag.repeat:
            values[flag.target].append(parsed)
        else:
            values[flag.target] = parsed
        self.options.changed.add(flag.target)


def _rune(letter: str) -> str:
    letter = chr(letter.encode("utf-8", "surrogateescape")[0])  # pflag goes by bytes
    return f"'{letter}'" if letter != "'" else "'\\''"
