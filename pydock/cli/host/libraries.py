"""Where the loader finds a library (ld.so(8)): RPATH, RUNPATH, the cache, the configured and the usual folders."""

import glob
import os
import struct

from pydock.cli.host.elf import Elf, parse

CACHE, CONFIGURATION = "/etc/ld.so.cache", "/etc/ld.so.conf"
USUAL = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
_MAGIC = b"glibc-ld.so.cache1.1"


class Libraries:
    """Finds libraries by name, for objects of one kind after another."""

    def __init__(self) -> None:
        self._cache: dict[str, list[str]] | None = None
        self._folders: list[str] | None = None
        self._kinds: dict[str, tuple[int, int] | None] = {}

    def find(self, name: str, path: str, elf: Elf, loaders: list[tuple[str, Elf]]) -> str | None:
        """The library `name` for the object at `path`; `loaders` are the objects that loaded it, the nearest first."""
        if "/" in name:
            return name if self._fits(name, elf) else None
        candidates: list[str] = []
        if not elf.runpath:
            for owner, asked in [(path, elf), *loaders]:
                if not asked.runpath:
                    candidates += [os.path.join(folder, name) for folder in expand(asked.rpath, owner)]
        candidates += [os.path.join(folder, name) for folder in expand(elf.runpath, path)]
        candidates += self.cache().get(name, [])
        candidates += [os.path.join(folder, name) for folder in self.folders()]
        return next((candidate for candidate in candidates if self._fits(candidate, elf)), None)

    def _fits(self, path: str, elf: Elf) -> bool:
        if path not in self._kinds:
            self._kinds[path] = _kind(path)
        return self._kinds[path] == elf.kind

    def cache(self) -> dict[str, list[str]]:
        """What ld.so.cache says, by library name."""
        if self._cache is None:
            try:
                with open(CACHE, "rb") as file:
                    self._cache = read_cache(file.read())
            except OSError:
                self._cache = {}
        return self._cache

    def folders(self) -> list[str]:
        """The folders of ld.so.conf, then the usual ones."""
        if self._folders is None:
            found = _configured(CONFIGURATION, 0)
            multiarch = sorted(glob.glob("/lib/*-linux-gnu*") + glob.glob("/usr/lib/*-linux-gnu*"))
            self._folders = [*found, *multiarch, *USUAL]
        return self._folders


def expand(paths: list[str], owner: str) -> list[str]:
    """Folders of an RPATH or RUNPATH, with what it says of the object's own place filled in."""
    origin = os.path.dirname(os.path.realpath(owner))
    machine = os.uname().machine
    found: list[str] = []
    for path in paths:
        for name, value in (("ORIGIN", origin), ("LIB", "lib64"), ("PLATFORM", machine)):
            path = path.replace("${" + name + "}", value).replace("$" + name, value)
        found.append(os.path.normpath(path))
    return found


def _kind(path: str) -> tuple[int, int] | None:
    try:
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError:
        return None
    if head[:4] != b"\x7fELF" or len(head) < 20:
        return None
    order = "<" if head[5] == 1 else ">"
    return head[4], struct.unpack_from(f"{order}H", head, 18)[0]


def read_cache(data: bytes) -> dict[str, list[str]]:
    """Paths by library name in a cache of the present format; plain builds before those for special processors."""
    start = data.find(_MAGIC)
    if start < 0:
        return {}
    found: dict[str, list[tuple[int, str]]] = {}
    (count,) = struct.unpack_from("=I", data, start + 20)
    for number in range(count):
        at = start + 48 + number * 24
        try:
            _, key, value, _, special = struct.unpack_from("=iIIIQ", data, at)
            name, path = _text(data, start + key), _text(data, start + value)
        except (struct.error, ValueError):
            break
        found.setdefault(name, []).append((1 if special else 0, path))
    return {name: [path for _, path in sorted(paths, key=lambda item: item[0])] for name, paths in found.items()}


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode("utf-8", "surrogateescape")


def _configured(path: str, depth: int) -> list[str]:
    found: list[str] = []
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return found
    for line in lines:
        word = line.partition("#")[0].strip()
        if word.startswith("include ") and depth < 8:
            pattern = os.path.join(os.path.dirname(path), word.removeprefix("include ").strip())
            for name in sorted(glob.glob(pattern)):
                found += _configured(name, depth + 1)
        elif word.startswith("/"):
            found.append(word)
    return found


__all__ = ["Libraries", "expand", "parse", "read_cache"]
