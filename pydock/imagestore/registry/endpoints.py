"""Where a registry's domain is found: mirrors first, then the registry, over TLS or not.

Used by pull, push, login, search and distribution.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydock.imagestore.reference import DEFAULT_DOMAIN
from pydock.imagestore.registry.options import RegistryOptions

#: where images of docker.io are kept
DEFAULT_REGISTRY = "https://registry-1.docker.io"
_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The root of a registry's API: ``url`` without a slash at its end.  A mirror never gets credentials."""

    url: str
    mirror: bool = False


def endpoints(domain: str, options: RegistryOptions, mirrors: bool = True) -> list[Endpoint]:
    """The endpoints of `domain` in the order in which they are tried; `mirrors` are for pulling only."""
    found: list[Endpoint] = []
    if domain == DEFAULT_DOMAIN:
        for mirror in options.mirrors if mirrors else ():
            url = mirror if "://" in mirror else f"https://{mirror}"
            found.append(Endpoint(url.rstrip("/"), mirror=True))
        return [*found, Endpoint(DEFAULT_REGISTRY)]
    found.append(Endpoint(f"https://{domain}"))
    if is_insecure(domain, options):
        found.append(Endpoint(f"http://{domain}"))
    return found


def is_insecure(netloc: str, options: RegistryOptions) -> bool:
    """Whether ``host`` or ``host:port`` may go without TLS, or with a certificate that nobody vouches for."""
    host = split_host(netloc)[0]
    if netloc in options.insecure or host in options.insecure:
        return True
    networks = [*_networks(_LOOPBACK), *_networks(options.insecure)]
    return any(address in network for address in _addresses(host) for network in networks)


def split_host(netloc: str, default_port: int = 0) -> tuple[str, int]:
    """``host:port`` as host (without brackets) and port; ValueError where the port is none."""
    parts = urlsplit(f"//{netloc}")
    return parts.hostname or "", parts.port or default_port


def _networks(texts: Sequence[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = []
    for text in texts:
        with contextlib.suppress(ValueError):
            if "/" in text:
                networks.append(ipaddress.ip_network(text, strict=False))
    return networks


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    with contextlib.suppress(ValueError):
        return [ipaddress.ip_address(host)]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
