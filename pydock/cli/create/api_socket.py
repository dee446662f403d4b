"""`--use-api-socket`: the engine's socket in the container, and the credentials that go with it."""

import io
import tarfile
from typing import Any

from pydock.cli import credentials
from pydock.cli.console import Console
from pydock.client import containers, json_text
from pydock.client.engine import Engine

SOCKET = "/var/run/docker.sock"
FOLDER, FILE = "/run/secrets/docker", "config.json"

Entries = dict[str, dict[str, str]]


def prepare(console: Console, body: dict[str, Any]) -> Entries:
    """Add the mount and the variable to `body`; the credentials to put into the container."""
    address = console.engine().address
    source = address.path if address.scheme == "unix" else SOCKET
    mount = {"Type": "bind", "Source": source, "Target": SOCKET, "BindOptions": {}}
    body["HostConfig"].setdefault("Mounts", []).append(mount)
    if any(item.startswith("DOCKER_CONFIG=") for item in body["Env"] or []):
        return {}
    found = credentials.every(console.config)
    if found:
        body["Env"] = [*(body["Env"] or []), f"DOCKER_CONFIG={FOLDER}"]
    return found


def inject(engine: Engine, container: str, entries: Entries) -> None:
    """Put a config.json with `entries` into the container."""
    content = json_text.dumps({"auths": entries}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        parts = FOLDER.strip("/").split("/")
        for depth in range(2, len(parts) + 1):
            folder = tarfile.TarInfo("/".join(parts[:depth]))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        entry = tarfile.TarInfo(f"{FOLDER.strip('/')}/{FILE}")
        entry.mode, entry.size = 0o600, len(content)
        tar.addfile(entry, io.BytesIO(content))
    containers.archive_put(engine, container, "/", {}, [buffer.getvalue()])
