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
        #: what DOCKER_AUTH_CONFIG says, and who is told what is wrong with it
        self.environment = ""
        self.complain: Callable[[str], None] | None = None

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

    def environment_auths(self) -> "dict[str, str]":
        """The `auth` of each server that the environment has one for."""
        if not self.environment:
            return {}
        try:
            return _environment_auths(self.environment)
        except ValueError as error:
            if self.complain:
                self.complain(f"Failed to create credential store from DOCKER_AUTH_CONFIG:  {error}")
            self.environment = ""
            return {}

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
    """The configuration in `folder`; what can't be read of it is told and taken as empty."""
    path = os.path.join(folder, "config.json")
    content: Any = None
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data.strip():
            content = _first_value(data)
        mistake = _mistake(content)
    except FileNotFoundError:
        mistake = ""
    except IsADirectoryError:
        mistake = f"read {path}: is a directory"
    except OSError as error:
        mistake = f"open {path}: {(error.strerror or '').lower()}"
    except ValueError as error:
        mistake = str(error)
    if mistake:
        warn(f"Error parsing config file ({path}): {mistake}")
    return ConfigFile(path, content if isinstance(content, dict) else {})


def _first_value(data: bytes) -> "Any":
    """What stands first in a file; nobody looks at what comes behind it."""
    try:
        return json_text.scan(data.decode("utf-8", "replace"), 0)[0]
    except ValueError as error:
        from pydock import json_mistakes

        raise ValueError(json_mistakes.explain(data) or str(error)) from None


def _environment_auths(text: str) -> "dict[str, str]":
    """The servers and their `auth` in `text`, which may say nothing else; ValueError tells what is wrong."""
    data = text.encode("utf-8", "surrogateescape")
    content = _first_value(data)
    if text[json_text.scan(text, 0)[1] :].strip():
        raise ValueError("DOCKER_AUTH_CONFIG does not support more than one JSON object")
    if not isinstance(content, dict):
        raise ValueError(f"json: cannot unmarshal {_json_kind(content)} into Go value of type configfile.configEnv")
    for name in content:
        if name != "auths":
            raise ValueError(f'json: unknown field "{name}"')
    auths = content.get("auths") or {}
    if mistake := _misfit(auths, "map[string]configfile.configEnvAuth", "configEnv.auths"):
        raise ValueError(mistake)
    found: dict[str, str] = {}
    for server, entry in auths.items():
        for name in entry or {}:
            if name != "auth":
                raise ValueError(f'json: unknown field "{name}"')
        found[server] = (entry or {}).get("auth") or ""
        if not found[server]:
            raise ValueError(f"DOCKER_AUTH_CONFIG environment variable is missing key `auth` for {server}")
        if mistake := auth_mistake(found[server]):
            raise ValueError(mistake)
    return found


_TEXT, _LIST, _MAP = "string", "[]string", "map[string]string"
#: the Go types of what the file may say
_KINDS = {
    **dict.fromkeys(("psFormat", "imagesFormat", "networksFormat", "pluginsFormat", "volumesFormat"), _TEXT),
    **dict.fromkeys(("statsFormat", "servicesFormat", "serviceInspectFormat", "tasksFormat", "secretFormat"), _TEXT),
    **dict.fromkeys(("configFormat", "nodesFormat", "detachKeys", "credsStore", "currentContext"), _TEXT),
    **dict.fromkeys(("HttpHeaders", "credHelpers", "aliases", "features"), _MAP),
    "experimental": _TEXT,
    "pruneFilters": _LIST,
    "cliPluginsExtraDirs": _LIST,
    "plugins": f"map[string]{_MAP}",
    "auths": "map[string]types.AuthConfig",
    "proxies": "map[string]configfile.ProxyConfig",
}
_STRUCTS = {
    "types.AuthConfig": dict.fromkeys(
        ("username", "password", "auth", "email", "serveraddress", "identitytoken", "registrytoken"), _TEXT
    ),
    "configfile.configEnvAuth": {"auth": _TEXT},
    "configfile.ProxyConfig": dict.fromkeys(("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy"), _TEXT),
}


def _mistake(content: "Any") -> str:
    """The first thing of the wrong type or, where there is none, credentials that can't be read; as Go tells it."""
    if content is None:
        return ""
    if not isinstance(content, dict):
        return f"json: cannot unmarshal {_json_kind(content)} into Go value of type configfile.ConfigFile"
    for name, value in content.items():
        if name in _KINDS and (mistake := _misfit(value, _KINDS[name], f"ConfigFile.{name}")):
            return mistake
    for entry in (content.get("auths") or {}).values():
        if entry and entry.get("auth") and (mistake := auth_mistake(entry["auth"])):
            return mistake
    return ""


def _misfit(value: "Any", kind: str, path: str, where: str = "Go struct field ") -> str:
    if value is None:
        return ""
    wrong = f"json: cannot unmarshal {_json_kind(value)} into {where}{path} of type {kind}"
    if kind == _TEXT:
        return "" if isinstance(value, str) else wrong
    if kind == _LIST:
        if not isinstance(value, list):
            return wrong
        return next(filter(None, [_misfit(item, _TEXT, f"{path}.{i}", "") for i, item in enumerate(value)]), "")
    if not isinstance(value, dict):
        return wrong
    inner = kind.removeprefix("map[string]")
    for name, item in value.items():
        below = _STRUCTS[kind].get(name, "") if kind in _STRUCTS else inner
        if below and (mistake := _misfit(item, below, f"{path}.{name}")):
            return mistake
    return ""


def _json_kind(value: "Any") -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def auth_mistake(text: str) -> str:
    """What is wrong with an `auth` of the file, which is `user:password` in base64."""
    import binascii

    encoded = text.replace("\r", "").replace("\n", "")
    if (at := _illegal(encoded)) >= 0:
        return f"illegal base64 data at input byte {at}"
    user, colon, _ = binascii.a2b_base64(encoded).partition(b":")
    return "" if user and colon else "Invalid auth configuration file"


def _illegal(encoded: str) -> int:
    """Where Go's decoder stops; -1 where it does not."""
    end = next((at for at, char in enumerate(encoded) if char not in _BASE64), len(encoded))
    over = end % 4
    if end == len(encoded):
        return end - over if over else -1
    if encoded[end] != "=" or over < 2:
        return end
    if over == 2:
        if end + 1 == len(encoded):
            return len(encoded)
        if encoded[end + 1] != "=":
            return end
    last = end + 4 - over
    return last if last < len(encoded) else -1
