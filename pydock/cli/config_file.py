"""The user's `config.json`, which pydock shares with Docker's client.  Loaded by `console.Console`."""

import os

from pydock.client import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class ConfigFile:
    """What the file says; what it lacks reads as empty."""

    def __init__(self, path: str, content: "dict[str, Any] | None" = None) -> None:
        self.path = path
        self.content: dict[str, Any] = content or {}

    def text(self, name: str) -> str:
        """A setting that is a text."""
        value = self.content.get(name)
        return value if isinstance(value, str) else ""

    def table(self, name: str) -> "dict[str, Any]":
        """A setting that is a table."""
        value = self.content.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def current_context(self) -> str:
        """The context that `context use` chose."""
        return self.text("currentContext")

    @property
    def http_headers(self) -> "dict[str, str]":
        """Headers to send with each request."""
        return {str(name): str(value) for name, value in self.table("HttpHeaders").items() if name != "User-Agent"}

    def proxies(self, host: str) -> "dict[str, str]":
        """The proxy variables that a new container gets when made at `host`."""
        every = self.table("proxies")
        chosen = every.get(host) or every.get("default") or {}
        names = {"httpProxy": "HTTP_PROXY", "httpsProxy": "HTTPS_PROXY", "noProxy": "NO_PROXY", "ftpProxy": "FTP_PROXY"}
        names["allProxy"] = "ALL_PROXY"
        found: dict[str, str] = {}
        for key, variable in names.items():
            if value := chosen.get(key):
                found[variable] = found[variable.lower()] = str(value)
        return found

    def save(self) -> None:
        """Write the file: made anew beside the old one, then put in its place."""
        folder = os.path.dirname(self.path)
        os.makedirs(folder, 0o700, exist_ok=True)
        target = os.path.realpath(self.path)
        try:
            mode = os.stat(target).st_mode & 0o777
        except FileNotFoundError:
            mode = 0o600
        temporary = f"{target}.{os.getpid()}.tmp"
        text = json_text.indent(json_text.dumps_go(self.content), "\t")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            os.rename(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def load(folder: str, warn: "Callable[[str], None]") -> ConfigFile:
    """The configuration in `folder`; a file that can't be read is told and taken as empty."""
    path = os.path.join(folder, "config.json")
    try:
        with open(path, "rb") as file:
            content = json_text.loads(file.read())
        if not isinstance(content, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return ConfigFile(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        warn(f"Error parsing config file ({path}): {reason}")
        return ConfigFile(path)
    return ConfigFile(path, content)
