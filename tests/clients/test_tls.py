"""A daemon on a TCP port with TLS, asked by pydock and by Docker's own client: streams, half-closes, certificates."""

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.http import papers
from tests.clients import engines


@dataclass(frozen=True)
class Remote:
    """The daemon's address, and what a client needs to be let in."""

    address: str
    folder: Path
    client: str

    def run(
        self, line: str, stdin: bytes = b"", flags: str = "--tlsverify", known: bool = True
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run the client; `known`: it finds its certificate."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "PYDOCK_"))}
        environ |= {"DOCKER_CONFIG": str(self.folder if known else self.folder / "none")}
        words = [self.client, "-H", self.address, *flags.split(), *shlex.split(line)]
        return subprocess.run(words, input=stdin, capture_output=True, env=environ, timeout=120)

    def out(self, line: str, stdin: bytes = b"") -> bytes:
        """Run what must succeed; its output."""
        done = self.run(line, stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[engines.Engine, str, Path]]:
    """The engine, its address, and the folder with the certificates."""
    if os.geteuid() or not shutil.which("busybox") or not shutil.which("openssl"):
        pytest.skip("needs root, busybox-static and openssl")
    folder = tmp_path_factory.mktemp("papers")
    papers.make(folder)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    files = [f"--tls{name}={folder}/{name}.pem" for name in ("cert", "key")]
    flags = ["-H", f"tcp://127.0.0.1:{port}", "--tlsverify", f"--tlscacert={folder}/ca.pem", *files]
    root = tmp_path_factory.mktemp("tls")
    with engines.pydock_engine(root, "", *flags, letter="t", address="198.19.2.1/24") as engine:
        engine.import_image("box")
        yield engine, f"tcp://localhost:{port}", folder


@pytest.fixture(scope="module", params=["pydock", "docker"])
def remote(daemon: tuple[engines.Engine, str, Path], request: pytest.FixtureRequest) -> Remote:
    """The daemon, with each client."""
    engine, address, folder = daemon
    client = engine.client if request.param == "pydock" else engines.docker_client()
    if not client:
        pytest.skip("no docker client at hand")
    return Remote(address, folder, client)


def test_output_and_exit_code_come_through(daemon: tuple[engines.Engine, str, Path], remote: Remote) -> None:
    box = daemon[0].own("box")
    done = remote.run(f"run --rm {box} sh -c 'echo out; echo err >&2; exit 3'")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert remote.out(f"run --rm -i {box} cat", b"to and fro") == b"to and fro"


def test_many_bytes_go_through_an_exec_both_ways(daemon: tuple[engines.Engine, str, Path], remote: Remote) -> None:
    sent = os.urandom(3_000_000)
    identity = remote.out(f"run -d {daemon[0].own('box')} sleep 600").decode().strip()
    try:
        assert remote.out(f"exec -i {identity} cat", sent) == sent
        remote.out(f"exec -i {identity} sh -c 'cat > /sent'", sent)
        assert remote.out(f"exec {identity} cat /sent") == sent
    finally:
        remote.run(f"rm -f {identity}")


def test_images_go_out_and_in(daemon: tuple[engines.Engine, str, Path], remote: Remote) -> None:
    box = daemon[0].own("box")
    archive = remote.out(f"save {box}")
    assert f"Loaded image: {box}" in remote.out("load", archive).decode()


def test_who_shows_no_certificate_is_turned_away(remote: Remote) -> None:
    done = remote.run("ps", flags=f"--tlsverify --tlscacert {remote.folder}/ca.pem", known=False)
    assert done.returncode == 1
    assert b"CONTAINER" not in done.stdout
    plain = remote.run("ps", flags="", known=False)
    assert plain.returncode == 1
    assert b"Client sent an HTTP request to an HTTPS server." in plain.stderr
