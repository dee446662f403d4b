"""Everything that programs of this machine need in an image: files, links and folders, as they are here.

Called by `image_from_host`.  Paths are walked part by part, so that links on the way (/bin -> usr/bin) come along.
"""

import os
import stat
import subprocess
import sys

from pydock.cli.exits import Exit
from pydock.cli.host.elf import Elf, parse
from pydock.cli.host.libraries import Libraries

#: packages whose name is no program's are looked up here
DPKG = "/var/lib/dpkg/info"
BINARIES = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/")
#: parts of Python's library that no program at run time needs
UNNEEDED = frozenset(
    ("__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages")
)
TERMINALS: tuple[str, ...] = (
    *("ansi", "dumb", "linux", "rxvt", "screen", "screen-256color", "tmux", "tmux-256color"),
    *("vt100", "vt220", "xterm", "xterm-256color", "xterm-color"),
)
TERMINFO = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo")
#: glibc loads these by name, so that no header tells of them
SILENT = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libgcc_s.so.1")


class Closure:
    """The set of paths that the image will have, each as it is on this machine."""

    def __init__(self, search: str) -> None:
        self._search = search
        self._libraries = Libraries()
        self._done: set[str] = set()
        #: what each path in the image is a copy of
        self.paths: set[str] = set()
        #: links that this machine hasn't
        self.links: dict[str, str] = {}

    def add_program(self, name: str) -> str:
        """Add a program, a package's programs, or a file or folder by its path; its path, "" for a package."""
        if "/" in name:
            path = os.path.abspath(name)
            if not os.path.lexists(path):
                raise Exit(f"{name}: no such file or directory")
            self.add_tree(path)
            return path
        found = self._which(name)
        if found is None:
            return self._add_package(name)
        if name.startswith("python"):
            return self._add_python(name, found)
        self.add_file(found)
        return found

    def _which(self, name: str) -> str | None:
        for folder in self._search.split(":"):
            path = os.path.join(folder, name)
            if folder.startswith("/") and os.access(path, os.X_OK) and os.path.isfile(path):
                return path
        return None

    def _add_package(self, name: str) -> str:
        for file in sorted(os.listdir(DPKG)) if os.path.isdir(DPKG) else ():
            if file.endswith(".list") and file.removesuffix(".list").partition(":")[0] == name:
                with open(os.path.join(DPKG, file), encoding="utf-8") as lines:
                    paths = lines.read().splitlines()
                break
        else:
            paths = _rpm_files(name)
        programs = [path for path in paths if path.startswith(BINARIES) and os.path.isfile(path)]
        if not programs:
            raise Exit(f"{name}: no such program or package on this machine")
        for path in programs:
            self.add_file(path)
        return ""

    def _add_python(self, name: str, path: str) -> str:
        """An interpreter and its library; what starts a version manager is passed over for what it starts."""
        ask = "import sys,sysconfig;print(getattr(sys,'_base_executable',sys.executable));"
        ask += "print(sysconfig.get_path('stdlib'));print(sysconfig.get_path('platstdlib'))"
        try:
            done = subprocess.run([path, "-I", "-c", ask], capture_output=True, check=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Exit(f"{name}: can't ask it for its library: {error}") from None
        real, *folders = done.stdout.split("\n")[:3]
        real = os.path.realpath(real)
        self.add_file(real)
        for folder in dict.fromkeys(folders):
            self.add_tree(folder, UNNEEDED)
        if os.path.realpath(path) == real:
            self.add_file(path)
            return path
        link = f"/usr/bin/{name}"
        self.links[link] = real
        return link

    def add_tree(self, path: str, without: frozenset[str] = frozenset()) -> None:
        """Add a file, or a folder with all that is in it but for names in `without`."""
        if not os.path.isdir(path):
            self.add_file(path)
            return
        self._add_path(path)
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            if entry.name not in without and not entry.name.endswith((".pyc", ".a")):
                self.add_tree(entry.path, without)

    def add_file(self, path: str, loaders: tuple[tuple[str, Elf], ...] = ()) -> None:
        """Add a file and what it needs to run."""
        real = self._add_path(path)
        if real in self._done or not os.path.isfile(real):
            return
        self._done.add(real)
        with open(real, "rb") as file:
            data = file.read()
        if data[:2] == b"#!":
            self._add_interpreter(data, path)
        elif elf := parse(data):
            self._add_needed(real, elf, loaders)

    def _add_needed(self, path: str, elf: Elf, loaders: tuple[tuple[str, Elf], ...]) -> None:
        if elf.interpreter and os.path.exists(elf.interpreter):
            self.add_file(elf.interpreter)
        inner = ((path, elf), *loaders)
        for name in elf.needed:
            found = self._libraries.find(name, path, elf, list(loaders))
            if found is None:
                raise Exit(f"{path}: needs {name}, which is not on this machine")
            self.add_file(found, inner)
            if name.startswith("libc.so."):
                self._add_silent(found, elf)

    def _add_silent(self, libc: str, elf: Elf) -> None:
        for name in SILENT:
            found = self._libraries.find(name, libc, elf, [])
            if found:
                self.add_file(found)

    def _add_interpreter(self, data: bytes, path: str) -> None:
        line = data[2:].split(b"\n", 1)[0].decode("utf-8", "surrogateescape").split()
        if not line or not os.path.exists(line[0]):
            return
        self.add_file(line[0])
        if os.path.basename(line[0]) == "env":
            words = [word for word in line[1:] if not word.startswith("-") and "=" not in word]
            if words and self._which(words[0]):
                self.add_program(words[0])
        elif os.path.basename(line[0]).startswith("python"):
            self._add_python(os.path.basename(line[0]), line[0])

    def _add_path(self, path: str) -> str:
        """Add every part of `path`, links as links; the real path behind them."""
        walked = "/"
        rest = [part for part in path.split("/") if part]
        hops = 0
        while rest:
            part = rest.pop(0)
            if part in (".", ".."):
                walked = os.path.dirname(walked) if part == ".." else walked
                continue
            walked = os.path.join(walked, part)
            self.paths.add(walked)
            if not stat.S_ISLNK(os.lstat(walked).st_mode):
                continue
            hops += 1
            if hops > 40:
                raise Exit(f"{path}: too many levels of symbolic links")
            target = os.readlink(walked)
            walked = "/" if target.startswith("/") else os.path.dirname(walked)
            rest = [part for part in target.split("/") if part] + rest
        return walked

    def add_terminfo(self) -> None:
        """Add what is known here of the usual terminals, so that full-screen programs work."""
        for folder in TERMINFO:
            for name in TERMINALS:
                for group in (name[0], f"{ord(name[0]):x}"):
                    path = os.path.join(folder, group, name)
                    if os.path.exists(path):
                        self._add_path(path)


def _rpm_files(name: str) -> list[str]:
    try:
        done = subprocess.run(["rpm", "-ql", name], capture_output=True, check=False, text=True)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def platform_folder() -> str:
    """The name of this machine's architecture in an image."""
    names = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
    machine = os.uname().machine
    return names.get(machine, machine) if sys.platform == "linux" else machine
