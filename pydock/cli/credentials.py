"""Registry credentials in config.json and in credential helpers, as Docker's client keeps them.

Called by `login`, `logout`, and by what talks to a registry through the daemon (X-Registry-Auth).
"""

import base64
import os
from typing import Any

from pydock.cli.config_file import ConfigFile, auth_mistake
from pydock.client import json_text
from pydock.errors import NotFound, System

#: the key under which credentials for docker.io are kept
INDEX_SERVER = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"
_DOING = {"get": "getting", "store": "storing", "erase": "erasing", "list": "listing"}


class Helper:
    """A program `docker-credential-NAME`, which keeps secrets for the user."""

    def __init__(self, name: str) -> None:
        self.program = f"docker-credential-{name}"

    def _call(self, verb: str, text: str) -> str:
        import subprocess

        try:
            done = subprocess.run([self.program, verb], input=text.encode(), capture_output=True, check=False)
        except OSError as error:
            reason = (error.strerror or "").lower()
            if isinstance(error, FileNotFoundError):
                reason = "executable file not found in $PATH"
            raise System(
                f'error {_DOING[verb]} credentials - err: exec: "{self.program}": {reason}, out: ``'
            ) from error
        out = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode:
            if "credentials not found" in out:
                raise NotFound(out)
            raise System(f"error {_DOING[verb]} credentials - err: exit status {done.returncode}, out: `{out}`")
        return out

    def get(self, server: str) -> dict[str, str]:
        """What the helper keeps for `server`."""
        found = json_text.loads(self._call("get", server))
        entry = {"serveraddress": server}
        if found.get("Username") == _TOKEN_USER:
            entry["identitytoken"] = found.get("Secret", "")
        else:
            entry |= {"username": found.get("Username", ""), "password": found.get("Secret", "")}
        return entry

    def store(self, entry: dict[str, str]) -> None:
        """Keep `entry`."""
        secret = entry.get("identitytoken") or entry.get("password", "")
        user = _TOKEN_USER if entry.get("identitytoken") else entry.get("username", "")
        body = {"ServerURL": entry["serveraddress"], "Username": user, "Secret": secret}
        self._call("store", json_text.dumps(body))

    def erase(self, server: str) -> None:
        """Forget `server`."""
        self._call("erase", server)

    def servers(self) -> list[str]:
        """The servers that the helper knows."""
        return list(json_text.loads(self._call("list", "") or "{}") or {})


def helper(config: ConfigFile, server: str) -> Helper | None:
    """The helper that config.json names for `server`, None where secrets are kept in the file."""
    name = config.table("credHelpers").get(server) or config.text("credsStore")
    return Helper(str(name)) if name else None


def server_of(domain: str) -> str:
    """The key for a registry's domain."""
    return INDEX_SERVER if domain in ("docker.io", "index.docker.io") else domain


def get(config: ConfigFile, server: str) -> dict[str, str]:
    """The credentials for `server`, {} where there are none; the environment's go before all others."""
    if auth := config.environment_auths().get(server):
        return _decode({"auth": auth}, server)
    keeper = helper(config, server)
    if keeper:
        try:
            return keeper.get(server)
        except NotFound:
            return {}
    auths = config.table("auths")
    entry = auths.get(server)
    if entry is None:
        plain = _host(server)
        entry = next((value for key, value in auths.items() if _host(str(key)) == plain), None)
    return _decode(entry, server) if isinstance(entry, dict) else {}


def _host(server: str) -> str:
    return server.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _decode(entry: dict[str, Any], server: str) -> dict[str, str]:
    found = {
        key: str(entry[key]) for key in ("username", "password", "identitytoken", "registrytoken") if entry.get(key)
    }
    if entry.get("auth") and not auth_mistake(str(entry["auth"])):
        user, _, password = base64.b64decode(str(entry["auth"])).decode("utf-8", "replace").partition(":")
        found |= {"username": user, "password": password.strip("\x00")}
    return {**found, "serveraddress": server} if found else {}


def every(config: ConfigFile) -> dict[str, dict[str, str]]:
    """All credentials, by server."""
    found = {str(server): get(config, str(server)) for server in config.table("auths")}
    for server, name in config.table("credHelpers").items():
        found[server] = Helper(str(name)).get(server)
    if config.text("credsStore"):
        keeper = Helper(config.text("credsStore"))
        for server in keeper.servers():
            found[server] = keeper.get(server)
    return {server: entry for server, entry in found.items() if entry}


def store(config: ConfigFile, entry: dict[str, str]) -> bool:
    """Keep `entry`; whether something new went into the file in the clear."""
    server = entry["serveraddress"]
    keeper = helper(config, server)
    if keeper:
        keeper.store(entry)
        config.content.setdefault("auths", {})[server] = {}
        config.save()
        return False
    kept: dict[str, str] = {}
    if entry.get("username") or entry.get("password"):
        pair = f"{entry.get('username', '')}:{entry.get('password', '')}"
        kept["auth"] = base64.b64encode(pair.encode()).decode()
    if entry.get("identitytoken"):
        kept["identitytoken"] = entry["identitytoken"]
    auths = config.content.setdefault("auths", {})
    if auths.get(server) == kept:
        return False
    auths[server] = kept
    config.save()
    return True


def erase(config: ConfigFile, server: str) -> None:
    """Forget `server`."""
    keeper = helper(config, server)
    if keeper:
        keeper.erase(server)
    if server in config.table("auths"):
        del config.content["auths"][server]
        config.save()


def tell_of_environment(config: ConfigFile) -> None:
    """Say to who logs in or out that the environment's credentials hold all the same."""
    if config.environment and config.complain:
        config.complain(
            "\n Warn -> DOCKER_AUTH_CONFIG is set and takes precedence.\n"
            "         Unset DOCKER_AUTH_CONFIG to restore the CLI auth behaviour.\n         "
        )
        config.environment_auths()


def header(entry: dict[str, str]) -> str:
    """`entry` as the X-Registry-Auth header carries it."""
    return base64.urlsafe_b64encode(json_text.dumps(entry).encode()).decode()


def header_for(config: ConfigFile, domain: str) -> str:
    """The header for a registry's domain; one without credentials is sent too, as Docker does."""
    if not config.environment and not os.path.exists(config.path):
        return header({})
    return header(get(config, server_of(domain)))
