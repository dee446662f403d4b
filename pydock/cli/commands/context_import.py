"""`context import`."""

import os
import tarfile

from pydock.cli import contexts
from pydock.cli.commands.context_create import check_name
from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.client import json_text
from pydock.errors import NotFound

#: a context is a page of JSON and three certificates
LARGEST = 10 << 20


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Create a context from FILE; `-` is standard input."""
    name, source = arguments
    check_name(name)
    folder = console.settings.config_directory(console.environ)
    try:
        contexts.read(folder, name)
    except NotFound:
        pass
    else:
        raise Exit(f'context "{name}" already exists')
    files: dict[str, bytes] = {}
    descriptor = os.dup(console.stdin) if source == "-" else os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() and member.size <= LARGEST else None
            if content:
                files[member.name] = content.read()
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


COMMAND = Command("CONTEXT FILE|-", "Create a context from a tar archive", run, (), (2, 2))
