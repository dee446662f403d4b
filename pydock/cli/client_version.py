"""What this client is, as `version` and `info` show it."""

import os
import sys
from typing import Any

from pydock import __version__
from pydock.cli.console import Console
from pydock.client.engine import API_VERSION

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def client_version(console: Console, api_version: str) -> dict[str, Any]:
    """The fields of Docker's client version; where Docker tells its Go, we tell our Python."""
    machine = os.uname().machine
    return {
        "Version": __version__,
        "ApiVersion": api_version,
        "DefaultAPIVersion": API_VERSION,
        "GitCommit": "",
        "GoVersion": f"python{sys.version.split()[0]}",
        "Os": sys.platform,
        "Arch": _MACHINES.get(machine, machine),
        "BuildTime": "",
        "Context": current_context(console),
    }


def current_context(console: Console) -> str:
    """The context in use; `default` where flags or the environment name the daemon."""
    settings, environ = console.settings, console.environ
    if settings.context:
        return settings.context
    if settings.host or environ.get("PYDOCK_HOST") or environ.get("DOCKER_HOST"):
        return "default"
    return environ.get("DOCKER_CONTEXT") or console.config.current_context or "default"
