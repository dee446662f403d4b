"""What `build` sends: a folder's files but for those that .dockerignore names, standard input, or a URL's name."""

import os
import tarfile
from collections.abc import Iterator

from pydock.cli.console import Console
from pydock.cli.copy import ignore, pack
from pydock.cli.exits import Exit
from pydock.client.wire import read_all, read_from

REMOTE = ("http://", "https://", "git://", "ssh://", "git@", "github.com/")
DEFAULT = "Dockerfile"


class Context:
    """A build context; `chunks` is a tar, None where the engine fetches the context itself."""

    __slots__ = ("chunks", "dockerfile", "remote")

    def __init__(self, dockerfile: str, chunks: "Iterator[bytes] | int | None" = None, remote: str = "") -> None:
        self.dockerfile = dockerfile
        self.chunks = chunks
        self.remote = remote


def of_argument(console: Console, argument: str, dockerfile: str) -> Context:
    """The context that the command's argument means."""
    if argument == "-" and dockerfile == "-":
        raise Exit("invalid argument: can't use stdin for both build context and dockerfile")
    if argument == "-":
        return _of_stdin(console, dockerfile)
    if argument.startswith(REMOTE):
        return Context(dockerfile or DEFAULT, None, argument)
    folder = os.path.realpath(argument)
    if not os.path.isdir(folder):
        raise Exit(f'unable to prepare context: path "{argument}" not found')
    return _of_folder(console, folder, dockerfile)


def _of_stdin(console: Console, dockerfile: str) -> Context:
    head = read_from(console.stdin, 1 << 16)
    magics = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
    if head[257:262] == b"ustar" or head.startswith(magics):

        def chunks() -> Iterator[bytes]:
            yield head
            while chunk := read_from(console.stdin, 1 << 18):
                yield chunk

        return Context(dockerfile or DEFAULT, chunks())
    # no archive: it is the Dockerfile, and there is no context
    content = head + (read_all(console.stdin) if head else b"")
    return Context(DEFAULT, iter([_file(DEFAULT, content), b"\0" * 1024]))


def _file(name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return pack.header(info) + content + b"\0" * (-len(content) % 512)


def _of_folder(console: Console, folder: str, dockerfile: str) -> Context:
    extra: dict[str, bytes] = {}
    if dockerfile == "-":
        name = f".dockerfile.{os.getpid()}"
        extra[name] = read_all(console.stdin)
    else:
        path = os.path.abspath(dockerfile) if dockerfile else os.path.join(folder, DEFAULT)
        if not os.path.exists(path):
            reason = f"lstat {path}: no such file or directory"
            raise Exit(f"unable to prepare context: unable to evaluate symlinks in Dockerfile path: {reason}")
        name = os.path.relpath(os.path.realpath(path), folder)
        if name.startswith("../"):
            name, content = f".dockerfile.{os.getpid()}", path
            with open(content, "rb") as file:
                extra[name] = file.read()
    own = os.path.join(folder, f"{name}.dockerignore")
    patterns = ignore.read(own if os.path.exists(own) else os.path.join(folder, ".dockerignore"))
    # the engine reads these two whatever the patterns say
    matcher = ignore.Matcher([*patterns, f"!{name}", "!.dockerignore"] if patterns else [])
    return Context(name, _tar(folder, matcher, extra))


def _tar(folder: str, matcher: ignore.Matcher, extra: dict[str, bytes]) -> Iterator[bytes]:
    links: dict[tuple[int, int], str] = {}
    for path, name in _walk(folder, "", matcher):
        yield from pack.entry(path, name, links)
    for name, content in extra.items():
        yield _file(name, content)
    yield b"\0" * 1024


def _walk(folder: str, prefix: str, matcher: ignore.Matcher) -> Iterator[tuple[str, str]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name = f"{prefix}{entry.name}"
        out = matcher.leaves_out(name)
        is_folder = entry.is_dir(follow_symlinks=False)
        if not out:
            yield entry.path, name
        if is_folder and (not out or matcher.may_have_exceptions(name)):
            yield from _walk(entry.path, f"{name}/", matcher)
