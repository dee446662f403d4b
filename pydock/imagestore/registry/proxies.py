"""Which proxy, if any, a request goes through: the usual variables' rules, as Go reads them.

Used by the transport.
"""

import contextlib
import ipaddress
from urllib.parse import SplitResult, urlsplit

from pydock.imagestore.registry.endpoints import split_host
from pydock.imagestore.registry.options import RegistryOptions


def proxy_for(scheme: str, host: str, port: int, options: RegistryOptions) -> SplitResult | None:
    """The proxy for a request, None where it goes straight; loopback always does."""
    text = options.https_proxy if scheme == "https" else options.http_proxy
    if not text or _excepted(host.lower(), port, options.no_proxy):
        return None
    return urlsplit(text if "://" in text else f"http://{text}")


def _excepted(host: str, port: int, no_proxy: str) -> bool:
    address = None
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, port, address) for entry in no_proxy.split(",") if entry.strip())


def _matches(entry: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if entry == "*":
        return True
    with contextlib.suppress(ValueError):
        if "/" in entry:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
    name, wanted_port = entry, 0
    with contextlib.suppress(ValueError):
        name, wanted_port = split_host(entry)
    if wanted_port and wanted_port != port:
        return False
    name = name.removeprefix("*")
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")
