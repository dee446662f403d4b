"""The server over TLS: each direction ends on its own, certificates are asked for, plain HTTP is told so."""

import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.client import network
from pydock.client.address import Tls
from tests.api.http import papers as certificates
from tests.api.http.bench import LIMIT, Bench

UPGRADE = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and a key with a certificate that serves both sides."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    certificates.make(folder)
    return folder


@pytest.fixture
def bench(papers: Path, tmp_path: Path) -> Iterator[Bench]:
    """The server over TLS, which wants a certificate of each client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "cert.pem", papers / "key.pem")
    context.load_verify_locations(papers / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with Bench(tmp_path / "unused", tls=context) as running:
        yield running


def _connect(bench: Bench, papers: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> network.TlsSocket:
    tls = Tls(str(papers / "ca.pem"), str(papers / "cert.pem"), str(papers / "key.pem"))
    context = network.context(tls)
    context.maximum_version = newest
    sock = socket.create_connection(("127.0.0.1", bench.port), LIMIT)
    return network.TlsSocket(sock, context, "localhost")


def _rest(client: network.TlsSocket) -> bytes:
    data = b""
    while more := client.recv(65536):
        data += more
    return data


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("path", [b"/upper", b"/given-away"])
def test_a_client_that_ends_its_side_still_gets_the_output(
    bench: Bench, papers: Path, path: bytes, newest: ssl.TLSVersion
) -> None:
    client = _connect(bench, papers, newest)
    client.sendall(UPGRADE % path)
    client.sendall(b"abc")
    client.shutdown(socket.SHUT_WR)
    assert _rest(client).endswith(b"ABC<end>")
    client.close()


def test_many_bytes_go_through_both_ways(bench: Bench, papers: Path) -> None:
    client = _connect(bench, papers)
    body = b"0123456789abcdef" * (1 << 16)
    client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
    client.sendall(body)
    assert _rest(client).partition(b"\r\n\r\n")[2] == body
    client.close()


def test_one_connection_serves_many_requests(bench: Bench, papers: Path) -> None:
    client = _connect(bench, papers)
    client.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    client.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert _rest(client).count(b"HTTP/1.1 200 OK") == 4
    client.close()


def test_a_stream_ends_when_its_client_goes(bench: Bench, papers: Path) -> None:
    client = _connect(bench, papers)
    client.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
    bench.wait_until_told("silent: begun")
    client.shutdown(socket.SHUT_WR)
    client.close()
    bench.wait_until_told("silent: aborted")


def test_plain_http_is_told_what_is_wrong(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", bench.port), LIMIT) as sock:
        sock.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Client sent an HTTP request to an HTTPS server." in sock.recv(65536)


def test_a_client_without_certificate_is_turned_away(bench: Bench, papers: Path) -> None:
    context = ssl.create_default_context(cafile=papers / "ca.pem")
    with (
        socket.create_connection(("127.0.0.1", bench.port), LIMIT) as sock,
        pytest.raises(ssl.SSLError, match=r"CERTIFICATE_REQUIRED|certificate required"),
        context.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        wrapped.recv(65536)
    assert not bench.connections()
