"""Help texts, laid out as Docker's are.  Called by `click_tree`, which is how click shows a command's help."""

import os
from collections.abc import Iterable, Sequence

from pydock.cli import index
from pydock.cli.flags import Flag
from pydock.cli.spec import Command

DEFAULT_WIDTH = 80


def width() -> int:
    """The terminal's width, as far as flags are wrapped."""
    try:
        return os.get_terminal_size(0).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def command_help(path: str, command: Command) -> str:
    """The help of one command; `path` is `docker container ls`."""
    program = path.partition(" ")[0]
    parts = [f"Usage:  {command.usage_line(path)}", command.long or command.short]
    if command.aliases:
        names = [f"{program} {name.strip()}" for name in command.aliases.split(",")]
        parts.append("Aliases:\n  " + ", ".join(names))
    shown = [flag for flag in command.flags if not flag.hidden]
    if shown:
        parts.append("Options:\n" + flag_usages(shown, width() - 1).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def group_help(path: str) -> str:
    """The help of a group of commands."""
    group = path.rpartition(" ")[2]
    rows = [
        (name.partition(" ")[2], short) for name, (_, short) in index.COMMANDS.items() if name.startswith(group + " ")
    ]
    parts = [f"Usage:  {path} COMMAND", index.GROUPS[group], "Commands:\n" + _rows(sorted(rows))]
    parts.append(f"Run '{path} COMMAND --help' for more information on a command.")
    return "\n\n".join(parts) + "\n"


def root_help(program: str, flags: Sequence[Flag]) -> str:
    """The help of the program itself."""
    top = {name: short for name, (_, short) in index.COMMANDS.items() if " " not in name}
    common = [(name, top[name]) for name in index.COMMON]
    rest = sorted((name, short) for name, short in top.items() if name not in index.COMMON)
    parts = [
        f"Usage:  {program} [OPTIONS] COMMAND",
        "A container engine in Python",
        "Common Commands:\n" + _rows(common, 11),
        "Management Commands:\n" + _rows(sorted(index.GROUPS.items()), 11),
        "Commands:\n" + _rows(rest, 11),
        "Global Options:\n" + flag_usages(flags, width() - 1).rstrip("\n"),
        f"Run '{program} COMMAND --help' for more information on a command.",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(rows: Iterable[tuple[str, str]], least: int = 0) -> str:
    found = list(rows)
    wide = max([least, *(len(name) for name, _ in found)])
    return "\n".join(f"  {name:<{wide}} {' ' if not least else ''}{short}" for name, short in found)


def flag_usages(flags: Iterable[Flag], columns: int) -> str:
    """The list of flags, sorted, their help wrapped within `columns`."""
    lines: list[tuple[str, str]] = []
    for flag in sorted(flags, key=lambda flag: flag.name):
        head = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
        lines.append((f"{head} {flag.kind}".rstrip(), flag.help + _default(flag)))
    indent = max(len(head) for head, _ in lines) + 3
    return "".join(f"{head:<{indent}}{wrap(indent, columns, help)}\n" for head, help in lines)


def _default(flag: Flag) -> str:
    if flag.repeat or flag.default in (None, "", 0, False):
        return ""
    if flag.kind == "string":
        return f' (default "{flag.default}")'
    return f" (default {str(flag.default).lower() if flag.kind == '' else flag.default})"


def wrap(indent: int, columns: int, text: str) -> str:
    """`text` broken at blanks to stand right of `indent`; one long last word may stick out a little."""
    if columns - indent < 24:
        indent = 16
    room = columns - indent
    slop = 5
    if room < 24:
        return text.replace("\n", "\n" + " " * indent)
    lines: list[str] = []
    for line in text.split("\n"):
        while len(line) > room + slop:
            cut = max(line.rfind(" ", 0, room + 1), 0)
            if not cut:
                break
            lines.append(line[:cut].rstrip())
            line = line[cut + 1 :]
        lines.append(line)
    return ("\n" + " " * indent).join(lines)
