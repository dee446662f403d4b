"""From global flags, environment and contexts to an `Engine`.  Called by `console.Console`."""

import os

from pydock.cli.exits import Exit
from pydock.client import address
from pydock.client.engine import Engine
from pydock.errors import InvalidParameter, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydock.cli.console import Console, Settings

INITIALIZE = "Failed to initialize"
UNRESOLVED = f"{INITIALIZE}: unable to resolve docker endpoint"


def engine(console: "Console") -> Engine:
    """The engine to talk to; Exit where flags, environment and context name none: no command goes on then."""
    settings, environ = console.settings, console.environ
    host = address.choose(settings.host, environ) if settings.context in ("", "default") else ""
    tls = tls_settings(settings, environ)
    if not host:
        name = settings.context or environ.get("DOCKER_CONTEXT") or _current_context(console)
        if name and name != "default":
            from pydock.cli.contexts import endpoint

            try:
                host, tls = endpoint(settings.config_directory(environ), name)
            except NotFound as error:
                raise Exit(f"{UNRESOLVED}: {error.message}") from None
    try:
        parsed = address.parse(host, tls)
    except address.Unusable as error:
        raise Exit(f"{INITIALIZE}: {error.message}") from None
    except InvalidParameter as error:
        raise Exit(f"{UNRESOLVED}: {error.message}") from None
    headers = _custom_headers(environ.get("DOCKER_CUSTOM_HEADERS", ""))
    if not headers and _has_config(console):
        headers = console.config.http_headers
    version = environ.get("DOCKER_API_VERSION", "").removeprefix("v")
    return Engine(parsed, version, headers)


def _custom_headers(text: str) -> "dict[str, str]":
    """The headers that `text` wants in each request: NAME=VALUE,... as CSV has it."""
    if not text:
        return {}
    import csv

    wrong = f"{INITIALIZE}: failed to set custom headers from DOCKER_CUSTOM_HEADERS environment variable"
    found: dict[str, str] = {}
    for pair in next(csv.reader([text]), []):
        name, equals, value = pair.partition("=")
        if not name.strip():
            raise Exit(f"{wrong}: value contains a key=value pair with an empty key: '{pair}'")
        if not equals:
            raise Exit(f"{wrong}: missing \"=\" in key=value pair: '{pair}'")
        found[name.strip().title()] = value
    return found


def _has_config(console: "Console") -> bool:
    return os.path.exists(os.path.join(console.settings.config_directory(console.environ), "config.json"))


def _current_context(console: "Console") -> str:
    return console.config.current_context if _has_config(console) else ""


def tls_settings(settings: "Settings", environ: "Mapping[str, str]") -> "address.Tls | None":
    """How to speak TLS, None where neither flag nor environment asks for it."""
    verify = bool(environ.get("DOCKER_TLS_VERIFY")) if settings.verify is None else settings.verify
    if not (settings.tls or verify or settings.verify is not None or environ.get("DOCKER_TLS")):
        return None
    folder = environ.get("DOCKER_CERT_PATH") or settings.config_directory(environ)
    ca = settings.ca or os.path.join(folder, "ca.pem")
    certificate = settings.certificate or _present(os.path.join(folder, "cert.pem"))
    key = settings.key or _present(os.path.join(folder, "key.pem"))
    for path in (ca, certificate, key):
        if path and not os.path.exists(path):
            raise Exit(f"{UNRESOLVED}: open {path}: no such file or directory")
    return address.Tls(ca if verify else "", certificate, key, verify)


def _present(path: str) -> str:
    return path if os.path.exists(path) else ""
