"""`image from-host`: a small image of programs that are installed on this machine.

One layer, and the same bytes each time that the same files go in: names sorted, no times, no owners but root.
"""

import hashlib
import io
import os
import stat
import tarfile
import tempfile

from pydock.cli import progress
from pydock.cli.exits import Exit
from pydock.cli.flags import text
from pydock.cli.host.closure import Closure, platform_folder
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import images, json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH = "1970-01-01T00:00:00Z"
FOLDERS = {
    "/tmp": 0o1777,
    "/var": 0o755,
    "/var/tmp": 0o1777,
    "/root": 0o700,
    "/etc": 0o755,
    "/run": 0o755,
    "/home": 0o755,
}
FOLDERS |= {"/proc": 0o555, "/sys": 0o555, "/dev": 0o755, "/usr": 0o755, "/usr/bin": 0o755}
FILES = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
}
BLOCK = 1 << 20


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Gather the programs, make the archive, load it."""
    reference = parse(arguments[0]).tagged()
    closure = Closure(console.environ.get("PATH") or PATH)
    programs = [path for name in arguments[1:] if (path := closure.add_program(name))]
    closure.add_terminfo()
    if "/bin/bash" in closure.paths | {os.path.join("/bin", os.path.basename(p)) for p in closure.paths}:
        _offer_shell(closure)
    with tempfile.TemporaryFile() as layer:
        digest = write_layer(layer, closure)
        archive = docker_archive(layer, digest, config(digest, programs, arguments[1:]), reference.familiar)
        if options.output:
            with open(options.output, "wb") as file:
                file.writelines(archive)
            return
        response = images.load(console.engine(), archive, quiet=True)
        progress.show(response.chunks(), console.out)


def _offer_shell(closure: "Closure") -> None:
    """Shell forms of commands ask for sh; where only bash comes along, it answers to that name too."""
    if not any(os.path.basename(path) == "sh" for path in closure.paths):
        folder = os.path.dirname(next(path for path in sorted(closure.paths) if os.path.basename(path) == "bash"))
        closure.links[os.path.join(os.path.realpath(folder), "sh")] = "bash"


def write_layer(layer: "BinaryIO", closure: "Closure") -> str:
    """Write the layer's tar; its digest."""
    hasher = hashlib.sha256()

    def put(data: bytes) -> None:
        hasher.update(data)
        layer.write(data)

    names = set(closure.paths) | set(closure.links) | set(FILES) | set(FOLDERS)
    above = {parent for name in names for parent in _parents(name)}
    for name in sorted(names | above):
        for data in _entry(name, closure):
            put(data)
    put(b"\0" * 1024)
    return f"sha256:{hasher.hexdigest()}"


def _parents(name: str) -> "Iterator[str]":
    parent = os.path.dirname(name)
    while parent != "/":
        yield parent
        parent = os.path.dirname(parent)


def _entry(name: str, closure: "Closure") -> "Iterator[bytes]":
    info = tarfile.TarInfo(name.lstrip("/"))
    info.uname = info.gname = "root"
    if name in FILES:
        info.size = len(FILES[name])
        yield _header(info) + _padded(FILES[name].encode())
        return
    if name in closure.links:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, closure.links[name], 0o777
        yield _header(info)
        return
    if name not in closure.paths:
        info.type, info.mode = tarfile.DIRTYPE, FOLDERS.get(name, 0o755)
        yield _header(info)
        return
    found = os.lstat(name)
    info.mode = FOLDERS.get(name, stat.S_IMODE(found.st_mode))
    if stat.S_ISLNK(found.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(name), 0o777
        yield _header(info)
    elif stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
        yield _header(info)
    elif stat.S_ISREG(found.st_mode):
        with open(name, "rb") as file:
            data = file.read()
        info.size = len(data)
        yield _header(info)
        yield _padded(data)
    else:
        raise Exit(f"{name}: neither a file, a folder nor a link")


def _header(info: tarfile.TarInfo) -> bytes:
    info.mtime = 0
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 512)


def config(digest: str, programs: "list[str]", names: "list[str]") -> bytes:
    """The image's configuration."""
    shells = [path for path in programs if os.path.basename(path) in ("bash", "sh")]
    content: dict[str, Any] = {
        "architecture": platform_folder(),
        "config": {"Cmd": (shells or programs)[:1] or None, "Env": [f"PATH={PATH}"], "WorkingDir": "/"},
        "created": EPOCH,
        "history": [{"created": EPOCH, "created_by": f"pydock image from-host {' '.join(names)}"}],
        "os": "linux",
        "rootfs": {"diff_ids": [digest], "type": "layers"},
    }
    return json_text.dumps(content).encode()


def docker_archive(layer: "BinaryIO", digest: str, configuration: bytes, name: str) -> "Iterator[bytes]":
    """The archive that `load` takes, piece by piece."""
    identity = hashlib.sha256(configuration).hexdigest()
    layer_name = f"{digest.removeprefix('sha256:')}/layer.tar"
    manifest = [{"Config": f"{identity}.json", "Layers": [layer_name], "RepoTags": [name]}]
    size = layer.seek(0, io.SEEK_END)
    layer.seek(0)
    for entry, data in ((f"{identity}.json", configuration), ("manifest.json", json_text.dumps(manifest).encode())):
        info = tarfile.TarInfo(entry)
        info.size = len(data)
        yield _header(info) + _padded(data)
    info = tarfile.TarInfo(layer_name)
    info.size = size
    yield _header(info)
    while data := layer.read(BLOCK):
        yield data
    yield b"\0" * (-size % 512 + 1024)


COMMAND = Command(
    "[OPTIONS] TAG PROGRAM [PROGRAM...]",
    "Make a small image of programs installed on this machine",
    run,
    (text("output", "Write the archive to a file, instead of loading it", "o"),),
    (2, -1),
)
COMMAND.long = (
    "Make a small image of programs installed on this machine: each program (or each of a\n"
    "package's programs, or a file or folder by its path), the loader and the shared\n"
    "libraries that it needs, a script's interpreter, Python's library, and the few\n"
    "files that every root filesystem has."
)
