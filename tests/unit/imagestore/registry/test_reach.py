"""Ways to a registry: TLS and whom to trust, plain HTTP only where it may be, mirrors, proxies."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.errors import System
from pydock.imagestore.registry import endpoints, proxies
from pydock.imagestore.registry.options import RegistryOptions
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry
from tests.unit.imagestore.registry.made_images import make_image
from tests.unit.imagestore.registry.memory_store import MemoryStore
from tests.unit.imagestore.registry.test_pull import pull

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")


@pytest.fixture
def nothing_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is as any other network."""
    monkeypatch.setattr(endpoints, "_LOOPBACK", ())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, its key in the same file."""
    path = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[FaultyRegistry]:
    """A registry with TLS."""
    with FaultyRegistry(str(certificate)) as made:
        made.add("app", "1", make_image())
        yield made


def options(directory: Path, **more: object) -> RegistryOptions:
    return RegistryOptions(certificates=(directory,), **more)  # type: ignore[arg-type]


@pytest.mark.usefixtures("nothing_is_local")
def test_certificates_are_verified(
    store: MemoryStore, secure: FaultyRegistry, certificate: Path, tmp_path: Path
) -> None:
    trusted = tmp_path / "certs.d"
    with pytest.raises(System) as raised:
        pull(store, f"{secure.host}/app:1", options=options(trusted))
    assert str(raised.value) == (
        f'Get "https://{secure.host}/v2/": tls: failed to verify certificate: '
        "x509: certificate signed by unknown authority"
    )
    (trusted / secure.host).mkdir(parents=True)
    shutil.copy(certificate, trusted / secure.host / "ca.crt")
    pull(store, f"{secure.host}/app:1", options=options(trusted))


@pytest.mark.usefixtures("nothing_is_local")
@pytest.mark.parametrize("entry", ["HOST", "127.0.0.1", "127.0.0.0/24"])
def test_insecure_registries_need_no_certificate(
    store: MemoryStore, secure: FaultyRegistry, tmp_path: Path, entry: str
) -> None:
    pull(store, f"{secure.host}/app:1", options=options(tmp_path, insecure=(entry.replace("HOST", secure.host),)))


def test_loopback_needs_no_certificate(store: MemoryStore, secure: FaultyRegistry) -> None:
    pull(store, f"{secure.host}/app:1")


@pytest.mark.usefixtures("nothing_is_local")
def test_plain_http_is_for_insecure_registries_alone(
    store: MemoryStore, registry: FaultyRegistry, tmp_path: Path
) -> None:
    registry.add("app", "1", make_image())
    with pytest.raises(System, match="http: server gave HTTP response to HTTPS client"):
        pull(store, f"{registry.host}/app:1", options=options(tmp_path))
    assert not registry.seen
    pull(store, f"{registry.host}/app:1", options=options(tmp_path, insecure=(registry.host,)))


def test_no_way_back_from_tls(store: MemoryStore, secure: FaultyRegistry) -> None:
    """A registry that has spoken TLS is not asked without, whatever it says."""
    secure.on("GET", "/v2/", lambda request: request.answer(500))
    with pytest.raises(System, match="received unexpected HTTP status: 500 Internal Server Error"):
        pull(store, f"{secure.host}/app:1")


@pytest.mark.parametrize("status", [403, 404, 503])
def test_what_passes_on_only_requests_for_images_will_do(
    store: MemoryStore, registry: FaultyRegistry, status: int
) -> None:
    registry.add("app", "1", make_image())
    registry.on("GET", "/v2/", lambda request: request.answer(status) if request.path == "/v2/" else False)
    pull(store, f"{registry.host}/app:1")
    assert registry.requests("GET /v2/")[0] == "GET /v2/"


@pytest.mark.parametrize("name", ["client.cert", "client.key"])
def test_half_a_client_certificate(
    store: MemoryStore, secure: FaultyRegistry, certificate: Path, tmp_path: Path, name: str
) -> None:
    directory = tmp_path / "certs.d" / secure.host
    directory.mkdir(parents=True)
    shutil.copy(certificate, directory / name)
    with pytest.raises(System, match="missing"):
        pull(store, f"{secure.host}/app:1", options=options(tmp_path / "certs.d"))


class Proxy:
    """A forward proxy that notes what it is asked for and joins CONNECTs to one address."""

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:p%40ss@127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.heads.append(head.decode())
            if head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                # what a proxy passes on names the path alone, and not for longer than one request
                method, url, rest = head.split(b" ", 2)
                server.sendall(method + b" /" + url.split(b"/", 3)[3] + b" " + rest)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_through_a_proxy_with_tls(store: MemoryStore, secure: FaultyRegistry) -> None:
    proxy = Proxy(secure.host)
    port = secure.host.partition(":")[2]
    pull(
        store,
        f"registry.test:{port}/app:1",
        options=RegistryOptions(insecure=(f"registry.test:{port}",), https_proxy=proxy.url),
    )
    proxy.close()
    assert proxy.heads[0].startswith(f"CONNECT registry.test:{port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in proxy.heads[0]


def test_through_a_proxy_without_tls(store: MemoryStore, registry: FaultyRegistry) -> None:
    proxy = Proxy(registry.host)
    registry.add("app", "1", make_image())
    insecure = RegistryOptions(insecure=("registry.test",), http_proxy=proxy.url)
    pull(store, "registry.test/app:1", options=insecure)
    proxy.close()
    assert proxy.heads[0].startswith("GET http://registry.test/v2/ HTTP/1.1\r\n")
    assert "Proxy-Authorization" in proxy.heads[0]


@pytest.mark.parametrize(
    ("host", "no_proxy", "through"),
    [
        ("registry.test", "", True),
        ("localhost", "", False),
        ("127.0.0.1", "", False),
        ("::1", "", False),
        ("registry.test", "registry.test", False),
        ("registry.test", "test", False),
        ("registry.test", ".test", False),
        ("registry.test", "*.test", False),
        ("registry.test", "registry.test:443", False),
        ("registry.test", "registry.test:80", True),
        ("myregistry.test", "registry.test", True),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", False),
        ("11.1.2.3", "10.0.0.0/8, x", True),
        ("registry.test", "*", False),
    ],
)
def test_exceptions_from_the_proxy(host: str, no_proxy: str, through: bool) -> None:
    found = proxies.proxy_for("https", host, 443, RegistryOptions(https_proxy="http://proxy:3128", no_proxy=no_proxy))
    assert (found is not None) == through


def test_what_is_insecure() -> None:
    configured = RegistryOptions(insecure=("registry.test", "other.test:5000", "10.0.0.0/8"))
    assert endpoints.is_insecure("registry.test", configured)
    assert endpoints.is_insecure("registry.test:5000", configured)
    assert endpoints.is_insecure("other.test:5000", configured)
    assert not endpoints.is_insecure("other.test:5001", configured)
    assert endpoints.is_insecure("10.1.1.1:80", configured)
    assert endpoints.is_insecure("[::1]:5000", configured)
    assert endpoints.is_insecure("localhost:5000", configured)
    assert not endpoints.is_insecure("11.1.1.1:80", configured)


def test_mirrors_are_for_docker_io_and_for_pulling() -> None:
    mirrored = RegistryOptions(mirrors=("https://mirror.test/", "http://other.test"))
    assert [each.url for each in endpoints.endpoints("docker.io", mirrored)] == [
        "https://mirror.test", "http://other.test", endpoints.DEFAULT_REGISTRY,
    ]  # fmt: skip
    assert [each.url for each in endpoints.endpoints("docker.io", mirrored, mirrors=False)] == [
        endpoints.DEFAULT_REGISTRY
    ]
    assert [each.url for each in endpoints.endpoints("registry.test", mirrored)] == ["https://registry.test"]
