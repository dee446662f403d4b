"""Docker contexts on disk, shared with Docker's client.  Called by `connect` and by the `context` commands.

A context is `contexts/meta/SHA256(NAME)/meta.json`; its TLS files are under `contexts/tls/SHA256(NAME)/docker/`.
"""

import os
from hashlib import sha256
from typing import Any

from pydock.client import json_text
from pydock.client.address import Tls
from pydock.errors import NotFound


def folder(config: str, kind: str, name: str) -> str:
    """Where a context's `meta` or `tls` part is."""
    return os.path.join(config, "contexts", kind, sha256(name.encode()).hexdigest())


def read(config: str, name: str) -> dict[str, Any]:
    """What meta.json says of a context; raises NotFound."""
    path = os.path.join(folder(config, "meta", name), "meta.json")
    try:
        with open(path, "rb") as file:
            found = json_text.loads(file.read())
    except FileNotFoundError:
        raise NotFound(f'context "{name}": context not found: open {path}: no such file or directory') from None
    return dict(found)


def names(config: str) -> list[str]:
    """The names of all contexts on disk, sorted."""
    top = os.path.join(config, "contexts", "meta")
    found: list[str] = []
    for entry in os.listdir(top) if os.path.isdir(top) else ():
        try:
            with open(os.path.join(top, entry, "meta.json"), "rb") as file:
                found.append(str(json_text.loads(file.read())["Name"]))
        except (OSError, ValueError, KeyError):
            continue
    return sorted(found)


def endpoint(config: str, name: str) -> tuple[str, Tls | None]:
    """The daemon's address in a context, and how to speak TLS with it."""
    docker = read(config, name).get("Endpoints", {}).get("docker", {})
    files = os.path.join(folder(config, "tls", name), "docker")
    paths = [os.path.join(files, file) for file in ("ca.pem", "cert.pem", "key.pem")]
    ca, certificate, key = (path if os.path.exists(path) else "" for path in paths)
    skip = bool(docker.get("SkipTLSVerify"))
    tls = Tls(ca, certificate, key, not skip) if ca or certificate or skip else None
    return str(docker.get("Host", "")), tls


def tls_files(config: str, name: str) -> dict[str, bytes]:
    """The TLS files of a context, by file name."""
    place = os.path.join(folder(config, "tls", name), "docker")
    found: dict[str, bytes] = {}
    for entry in sorted(os.listdir(place)) if os.path.isdir(place) else ():
        with open(os.path.join(place, entry), "rb") as file:
            found[entry] = file.read()
    return found


def write(config: str, name: str, description: str, docker: dict[str, Any], files: dict[str, bytes]) -> None:
    """Make or change a context: its files first, then what names them."""
    place = os.path.join(folder(config, "tls", name), "docker")
    if os.path.isdir(place):
        for entry in os.listdir(place):
            os.unlink(os.path.join(place, entry))
    for entry, data in files.items():
        os.makedirs(place, 0o700, exist_ok=True)
        descriptor = os.open(os.path.join(place, entry), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    meta = {
        "Name": name,
        "Metadata": {"Description": description} if description else {},
        "Endpoints": {"docker": docker},
    }
    path = folder(config, "meta", name)
    os.makedirs(path, 0o755, exist_ok=True)
    temporary = os.path.join(path, f".meta.json.{os.getpid()}")
    with open(temporary, "w", encoding="utf-8") as text:
        text.write(json_text.dumps_go(meta))
    os.rename(temporary, os.path.join(path, "meta.json"))


def remove(config: str, name: str) -> None:
    """Forget a context: what names it first, then its files."""
    import shutil

    shutil.rmtree(folder(config, "meta", name), ignore_errors=True)
    shutil.rmtree(folder(config, "tls", name), ignore_errors=True)
