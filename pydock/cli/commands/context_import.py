"""`context import`."""

import io
import os
import posixpath
import tarfile
import zlib

from pydock.cli import contexts
from pydock.cli.commands.context_create import check_new
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.client import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: the longest archive, in bytes: a context is a page of JSON and three certificates
LARGEST = 10 << 20
_BLOCK = 512
_SHORT = "unexpected EOF"


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Create a context from FILE; `-` is standard input."""
    name, source = arguments
    folder = console.settings.config_directory(console.environ)
    check_new(folder, name)
    descriptor = os.dup(console.stdin) if source == "-" else os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        files = files_of(stream.read(LARGEST + 1))
    if "meta.json" not in files:
        raise Exit("invalid context: no metadata found")
    meta = json_text.loads(files["meta.json"])
    docker = (meta.get("Endpoints") or {}).get("docker") or {}
    prefix = "tls/docker/"
    tls = {
        key.removeprefix(prefix): data for key, data in files.items() if key.startswith(prefix) and "/" not in key[11:]
    }
    contexts.write(folder, name, str((meta.get("Metadata") or {}).get("Description", "")), docker, tls)
    console.out.line(name)
    console.err.line(f'Successfully imported context "{name}"')


def files_of(data: bytes) -> dict[str, bytes]:
    """The files of an exported context, a tar or a zip archive; Exit in docker's words where it is none."""
    if len(data) > LARGEST:
        raise Exit("read exceeds the defined limit")
    return dict(_in_zip(data) if data.startswith(b"PK\3\4") else _in_tar(data))


def _in_tar(data: bytes) -> "Iterator[tuple[str, bytes]]":
    """The files of an archive; as Go reads them, it may end without what pads its last file."""
    whole = data + bytes(-len(data) % _BLOCK + 2 * _BLOCK)
    try:
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as tar:
            for member in tar:
                if member.offset_data + (member.size if member.isreg() else 0) > len(data):
                    raise Exit(_SHORT)
                if member.isreg() and (content := tar.extractfile(member)):
                    yield _checked(member.name), content.read()
    except tarfile.TarError:
        raise Exit(_SHORT if len(data) < _BLOCK else "archive/tar: invalid tar header") from None


def _in_zip(data: bytes) -> "Iterator[tuple[str, bytes]]":
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.file_size > LARGEST:
                    raise Exit("read exceeds the defined limit")
                if not info.is_dir():
                    yield _checked(info.filename), archive.read(info)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error):
        raise Exit("zip: not a valid zip file") from None


def _checked(name: str) -> str:
    reason = ""
    if name != "meta.json" and not name.startswith("tls/"):
        reason = "unexpected context file"
    elif posixpath.normpath(name) != name:
        reason = "unexpected path format"
    elif "\\" in name:
        reason = "unexpected '\\' in path"
    elif name.count("/") == 1:
        raise Exit("archive format is invalid")
    if reason:
        raise Exit(f"{name}: {reason}")
    return name


COMMAND = Command("CONTEXT FILE|-", "Create a context from a tar archive", run, (), (2, 2))
