"""`cp`: files between a container and this machine, as tars through the archive endpoints."""

import os
import posixpath

from pydock.cli.copy import paths
from pydock.cli.copy.paths import Place, Renamer
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean
from pydock.cli.quantities import human_size
from pydock.cli.spec import Command
from pydock.client import containers, json_text
from pydock.errors import PydockError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

    Stat = dict[str, Any]


def split_argument(argument: str) -> "tuple[str, str]":
    """The container, "" for this machine, and the path in it."""
    if argument.startswith("/"):
        return "", argument
    name, colon, path = argument.partition(":")
    if not colon or name.startswith("."):
        return "", argument
    return name, path


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Copy in the direction that the arguments tell."""
    source, destination = arguments
    if not source:
        raise Exit("source can not be empty")
    if not destination:
        raise Exit("destination can not be empty")
    if "quiet" not in options.changed:
        options.quiet = not console.out.is_terminal()
    (giver, from_path), (taker, to_path) = split_argument(source), split_argument(destination)
    if giver and taker:
        raise Exit("copying between containers is not supported")
    if giver:
        _from_container(console, options, giver, from_path, to_path)
    elif taker:
        _to_container(console, options, from_path, taker, to_path)
    else:
        raise Exit("must specify at least one container source")


def _stat(headers: "dict[str, str]") -> "Stat":
    import base64

    found: Stat = json_text.loads(base64.b64decode(headers["x-docker-container-path-stat"]))
    return found


def _link_target(path: str, target: str) -> str:
    return target if target.startswith("/") else posixpath.normpath(posixpath.join(paths.split(path)[0], target))


def _from_container(console: "Console", options: "Options", name: str, path: str, destination: str) -> None:
    engine = console.engine()
    if destination != "-":
        destination = paths.absolute(destination)
    _check_output(destination)
    rebase = ""
    if options.follow_link:
        try:
            found = _stat(containers.archive_stat(engine, name, path).headers)
        except PydockError:
            found = {"mode": 0}
        if found["mode"] & paths.GO_SYMLINK:
            path, rebase = paths.rebase_name(path, _link_target(path, found["linkTarget"]))
    response = containers.archive_get(engine, name, path)
    if destination == "-":
        from pydock.cli.relay import copy_raw

        console.flush()
        copy_raw(response.chunks(), console.out.descriptor)
        return
    found = _stat(response.headers)
    source = Place(path, True, bool(found["mode"] & paths.GO_DIRECTORY), rebase)
    meter = Meter(console, options.quiet, "Copying from container - ")
    try:
        folder, old, new = paths.plan(source, paths.local_destination(destination))
        # the tar has the link target's own name
        first = (paths.split(path)[1], rebase) if rebase else ("", "")
        from pydock.cli.copy.unpack import unpack

        unpack(meter.count(response.chunks()), folder, Renamer([first, (old, new)]))
    finally:
        meter.stop()
    meter.told(destination)


def _check_output(path: str) -> None:
    folder = os.path.dirname(os.path.normpath(path))
    if folder not in ("", ".") and not os.path.exists(folder):
        raise Exit(f'invalid output path: directory "{folder}" does not exist')
    import stat

    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise Exit(f"stat {path}: {(error.strerror or '').lower()}") from None
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise Exit(f'invalid output path: "{path}" must be a directory or a regular file: got a device')


def _to_container(console: "Console", options: "Options", source: str, name: str, path: str) -> None:
    destination = _remote_destination(console, name, path)
    chunks: Iterable[bytes] | int
    query = {"noOverwriteDirNonDir": "true", "copyUIDGID": "true" if options.archive else None}
    meter = Meter(console, options.quiet, "Copying to container - ")
    if source == "-":
        if not destination.is_folder:
            raise Exit(f'destination "{name}:{path}" must be a directory')
        folder, chunks = destination.path, console.stdin
    else:
        try:
            place = paths.local_source(paths.absolute(source), options.follow_link)
        except OSError as error:
            raise Exit(f"lstat {error.filename}: {(error.strerror or '').lower()}") from None
        folder, old, new = paths.plan(place, destination)
        above, base = paths.split(place.path)
        from pydock.cli.copy.pack import pack

        first = (base, place.rebase) if place.rebase else ("", "")
        chunks = meter.count(pack(above, base, Renamer([first, (old, new)]), console.log_error))
    try:
        containers.archive_put(console.engine(), name, folder.rstrip("/") or "/", query, chunks)
    finally:
        meter.stop()
    meter.told(f"{name}:{destination.path}")


def _remote_destination(console: "Console", name: str, path: str) -> Place:
    engine = console.engine()
    found: Stat | None = None
    target = path
    try:
        found = _stat(containers.archive_stat(engine, name, path).headers)
        if found["mode"] & paths.GO_SYMLINK:
            target = _link_target(path, found["linkTarget"])
            found = _stat(containers.archive_stat(engine, name, target).headers)
    except Unavailable:
        raise
    except PydockError:
        # it may be about to be made; where its parent is missing too, the upload tells
        found = None
    if found is None:
        return Place(target)
    if found["mode"] & (paths.GO_DEVICE | paths.GO_IRREGULAR):
        what = "a device" if found["mode"] & paths.GO_DEVICE else "an irregular file"
        raise Exit(f'destination "{name}:{path}" must be a directory or a regular file: got {what}')
    return Place(target, True, bool(found["mode"] & paths.GO_DIRECTORY))


class Meter:
    """Counts what passes and shows it, on a terminal, while it passes."""

    def __init__(self, console: "Console", quiet: bool, title: str) -> None:
        self._console = console
        self._quiet = quiet
        self._title = title
        self._live = not quiet and console.err.is_terminal()
        self._size = 0
        self._shown = 0.0

    def count(self, chunks: "Iterable[bytes]") -> "Iterator[bytes]":
        """The same chunks, counted."""
        import time

        if self._live:
            self._console.err.write_bytes(f"\x1b7\x1b[?25l{self._title}{human_size(0)}".encode())
        for chunk in chunks:
            self._size += len(chunk)
            now = time.monotonic()
            if self._live and now - self._shown > 0.075:
                self._shown = now
                text = f"\x1b[{len(self._title) + 1}G\x1b[0K{human_size(self._size)}"
                self._console.err.write_bytes(text.encode())
            yield chunk

    def stop(self) -> None:
        """Take the live line away."""
        if self._live:
            self._console.err.write_bytes(b"\x1b[?25h\x1b8\x1b[2K")

    def told(self, where: str) -> None:
        """Tell the end, unless it should be quiet."""
        if not self._quiet:
            self._console.err.line(f"Successfully copied {human_size(self._size)} to {where}")


COMMAND = Command(
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\t{program} cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    "Copy files between a container and this machine",
    run,
    (
        boolean("follow-link", "Follow a symlink as SRC_PATH", "L"),
        boolean("archive", "Keep owners", "a"),
        boolean("quiet", "Don't show progress; without a terminal, it isn't shown anyway", "q"),
    ),
    (2, 2),
    "container cp, cp",
)
COMMAND.long = (
    "Copy files between a container and this machine\n\n"
    "'-' as the source reads a tar from standard input and unpacks it in a folder of\n"
    "the container; '-' as the destination writes a tar to standard output."
)
