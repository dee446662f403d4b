"""A Dockerfile's text as instructions: continued lines joined, comments dropped, flags taken off.

Used by `changes`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FLAG = re.compile(r"--([a-z-]*)(?:=(\S*))?(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """``HEALTHCHECK --interval=5s CMD true``: the keyword as it came, the flags (None: without a value), the rest."""

    keyword: str
    flags: tuple[tuple[str, str | None], ...]
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
    flags: list[tuple[str, str | None]] = []
    while rest.startswith("--") and (match := _FLAG.match(rest)):
        if not match[1]:
            rest = rest[match.end() :]
            break
        flags.append((match[1], match[2]))
        rest = rest[match.end() :]
    return Instruction(keyword, tuple(flags), rest)
