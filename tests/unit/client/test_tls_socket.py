"""A TLS connection whose sending half is closed while what came is not read yet."""

import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from pydock.client.network import TlsSocket
from tests.api.http import papers


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_saying_that_nothing_more_comes_loses_nothing_that_came(tmp_path: Path, newest: ssl.TLSVersion) -> None:
    papers.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(tmp_path / "ca.pem")
    client.maximum_version = newest
    below, theirs = socket.socketpair()
    sent = bytes(range(256)) * 400

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as ours:
            ours.sendall(sent)
            assert ours.recv(10) == b""

    serving = threading.Thread(target=serve)
    serving.start()
    sock = TlsSocket(below, client, "localhost")
    received = sock.recv(1)
    sock._more()  # another thread has just taken it from the socket
    sock.shutdown(socket.SHUT_WR)
    while len(received) < len(sent) and (data := sock.recv(1000)):
        received += data
    assert received == sent
    sock.close()
    serving.join()
