"""A Dockerfile's text as instructions: continued lines joined, comments dropped, flags taken off.

Used by `changes`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydock.errors import InvalidParameter

_FLAG = re.compile(r"--([a-z-]*)(?:=(\S*))?(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """``HEALTHCHECK --interval=5s CMD true``: the keyword as it came, the flags, the rest."""

    keyword: str
    flags: dict[str, str]
    rest: str


def instructions(text: str, escape: str = "\\") -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile."""
    continued = re.compile(rf"({re.escape(escape)})[ \t]*$")
    pending = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (pending and not line.strip()):
            continue
        pending += line if pending else line.lstrip()
        if continued.search(line):
            pending = continued.sub("", pending)
            continue
        if pending.strip():
            yield one(pending)
        pending = ""
    if pending.strip():
        yield one(pending)


def one(line: str) -> Instruction:
    """The instruction in a whole line."""
    keyword, _, rest = line.strip().partition(" ")
    if "\t" in keyword:
        keyword, _, tail = keyword.partition("\t")
        rest = f"{tail} {rest}"
    rest = rest.strip()
    flags: dict[str, str] = {}
    while rest.startswith("--") and (match := _FLAG.match(rest)):
        if not match[1]:
            rest = rest[match.end() :]
            break
        if match[1] in flags:
            raise InvalidParameter(f"Duplicate flag specified: {match[1]}")
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return Instruction(keyword, flags, rest)
