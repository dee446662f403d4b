"""TLS with the daemon: who is trusted, and the half-close that ssl's own sockets lack."""

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pydock.client import address, network
from pydock.errors import InvalidParameter, System, Unavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A certificate for localhost, its key, and itself as the authority."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    names = [
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def serve(folder: Path) -> int:
    """A server that answers what it got, once the client has said that nothing more comes; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    listener = socket.create_server(("localhost", 0))

    def run() -> None:
        with listener:
            raw, _ = listener.accept()
            with raw:
                try:
                    sock = context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
                except (ssl.SSLError, OSError):
                    return
                with sock, suppress(OSError):
                    got = b""
                    while data := sock.recv(1 << 16):
                        got += data
                    sock.sendall(b"you said " + got)

    threading.Thread(target=run, daemon=True).start()
    return int(listener.getsockname()[1])


def test_the_answer_comes_after_the_end_of_what_was_said(folder: Path) -> None:
    place = address.parse(f"tcp://localhost:{serve(folder)}", address.Tls(ca=str(folder / "cert.pem")))
    sock = network.connect(place)
    sock.sendall(b"x" * 200_000)
    sock.shutdown(socket.SHUT_WR)
    got = b""
    while data := sock.recv(1 << 16):
        got += data
    sock.close()
    assert got == b"you said " + b"x" * 200_000


def test_a_certificate_that_nobody_vouches_for_is_refused(folder: Path) -> None:
    place = address.parse(f"tcp://localhost:{serve(folder)}", address.Tls())
    with pytest.raises(System, match="error during connect"):
        network.connect(place)


def test_without_verification_any_certificate_will_do(folder: Path) -> None:
    place = address.parse(f"tcp://localhost:{serve(folder)}", address.Tls(verify=False))
    network.connect(place).close()


def test_a_missing_certificate_is_told() -> None:
    place = address.parse("tcp://localhost:1", address.Tls(ca="/none"))
    with pytest.raises(InvalidParameter, match="could not read the TLS files"):
        network.connect(place)


def test_nobody_listening_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="Cannot connect"):
        network.connect(address.parse(f"tcp://127.0.0.1:{port}"))
