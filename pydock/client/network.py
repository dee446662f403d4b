"""Connections over TCP, with or without TLS.  Called by `wire`, so that a
Unix socket does not pay for these imports.
"""

import socket as sockets
import ssl
from typing import TYPE_CHECKING

from pydock.errors import InvalidParameter, System

if TYPE_CHECKING:
    from pydock.client.address import Address, Tls


def connect(address: "Address") -> sockets.socket:
    """A connected socket; a TLS one where the address asks for it."""
    from pydock.client.wire import unreachable

    try:
        sock = sockets.create_connection((address.host, address.port))
        sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    except OSError as error:
        raise unreachable(address, error) from error
    if address.tls is None:
        return sock
    try:
        return context(address.tls).wrap_socket(sock, server_hostname=address.host)
    except ssl.SSLError as error:
        sock.close()
        raise System(f"error during connect: {error.reason or error}") from error


def context(tls: "Tls") -> ssl.SSLContext:
    """How we speak TLS with the daemon."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    try:
        if tls.ca and tls.verify:
            made.load_verify_locations(tls.ca)
        elif tls.verify:
            made.load_default_certs()
        if tls.certificate:
            made.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidParameter(f"could not read the TLS files: {error}") from error
    return made
