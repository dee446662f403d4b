"""What the daemon's configuration says about registries, as one frozen value.

Made by main from flags and ``daemon.json``; used by the registry client and shown by ``GET /info``.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """How registries are spoken to.

    ``mirrors``: URLs asked before docker.io.  ``insecure``: host, host:port or network (CIDR) whose certificate is not
    verified and which may speak plain HTTP; 127.0.0.0/8 and ::1 are always so.  ``certificates``: directories with a
    ``HOST:PORT`` directory each (``*.crt``, ``*.cert`` and ``*.key``), the first that has one is used.
    The proxies are URLs, ``no_proxy`` the list of exceptions in its usual spelling.
    """

    mirrors: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    certificates: tuple[Path, ...] = (Path("/etc/pydock/certs.d"), Path("/etc/docker/certs.d"))
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    max_concurrent_downloads: int = 3
    max_concurrent_uploads: int = 5
    max_download_attempts: int = 5
    user_agent: str = "docker/28.5.2 (linux) pydock"
