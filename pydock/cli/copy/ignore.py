"""`.dockerignore`: which files of a build context stay at home.  Called by `image_build`."""

import os
import re
from collections.abc import Iterable


def read(path: str) -> list[str]:
    """The patterns of a file, in order; [] where there is none."""
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    found: list[str] = []
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        inverted = pattern.startswith("!")
        pattern = os.path.normpath(pattern[inverted:].strip()).lstrip("/") if pattern[inverted:].strip() else ""
        if pattern:
            found.append(("!" if inverted else "") + pattern)
    return found


class Matcher:
    """Tells what the patterns leave out; the last one that matches decides."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules: list[tuple[bool, str, re.Pattern[str]]] = []
        for pattern in patterns:
            inverted = pattern.startswith("!")
            text = pattern[inverted:]
            self._rules.append((inverted, text, re.compile(expression(text), re.DOTALL)))

    def leaves_out(self, path: str) -> bool:
        """Whether `path`, relative to the context, stays at home."""
        out = False
        parents = [path]
        while "/" in parents[-1]:
            parents.append(parents[-1].rpartition("/")[0])
        for inverted, _, rule in self._rules:
            if inverted == out and any(rule.fullmatch(part) for part in parents):
                out = not inverted
        return out

    def may_have_exceptions(self, path: str) -> bool:
        """Whether some `!` pattern may take back something below the folder `path`."""
        for inverted, text, _ in self._rules:
            if inverted and (any(sign in text for sign in "*?[") or (text + "/").startswith(path + "/")):
                return True
        return False


def expression(pattern: str) -> str:
    """The regular expression of a pattern: * and ? within a folder, ** across folders, sets in brackets."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if pattern.startswith("**", index):
            index += 2
            if pattern.startswith("/", index):
                index += 1
                out.append("(?:.*/)?")
            else:
                out.append(".*")
            continue
        index += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and "]" in pattern[index:]:
            end = pattern.index("]", index)
            out.append("[" + pattern[index:end].replace("\\", "\\\\") + "]")
            index = end + 1
        elif char == "\\" and index < len(pattern):
            out.append(re.escape(pattern[index]))
            index += 1
        else:
            out.append(re.escape(char))
    return "".join(out)
