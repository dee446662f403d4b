"""`context export`."""

import io
import os
import tarfile

from pydock.cli import contexts
from pydock.cli.commands.context_create import check_name
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.client import json_text


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Write the context to FILE, by default NAME.dockercontext; `-` is standard output."""
    name = arguments[0]
    if name != "default":
        check_name(name)
    folder = console.settings.config_directory(console.environ)
    meta = contexts.read(folder, name)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        _add(tar, "meta.json", json_text.dumps_go(meta).encode())
        for file, data in sorted(contexts.tls_files(folder, name).items()):
            _add(tar, f"tls/docker/{file}", data)
    target = arguments[1] if len(arguments) > 1 else f"{name}.dockercontext"
    if target == "-":
        if console.out.is_terminal():
            raise Exit("cowardly refusing to export to a terminal, specify a file path")
        console.out.write_bytes(buffer.getvalue())
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file_object:
        file_object.write(buffer.getvalue())
    console.err.line(f'Written file "{target}"')


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


COMMAND = Command("[OPTIONS] CONTEXT [FILE|-]", "Write a context to a tar archive", run, (), (1, 2))
