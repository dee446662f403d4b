"""Pull, push, login, search with a registry on loopback: the same words, codes and images on pydock and on Docker."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.clients.engines import Engine, File, Pair
from tests.clients.registries.real_registries import RealRegistry

pytestmark = pytest.mark.skipif(
    bool(os.geteuid()) or not shutil.which("docker-registry") or not shutil.which("openssl"),
    reason="needs root, docker-registry and openssl",
)

ZEROES = "0" * 64

PULL_AND_PUSH = f"""
tag @image PLAIN/a/b:1
tag @image PLAIN/a/b
push PLAIN/a/b:1
push PLAIN/a/b:1
push -q PLAIN/a/b
push -a PLAIN/a/b
push -a PLAIN/a/b:1
push PLAIN/a/none
push PLAIN/a/b:none
push PLAIN/A/b
push @none
push
push --platform linux/amd64 PLAIN/a/b:1
push --platform linux/s390x PLAIN/a/b:1
push --platform nonsense PLAIN/a/b:1
image inspect -f {{{{.RepoDigests}}}} PLAIN/a/b
rmi PLAIN/a/b:1 PLAIN/a/b
pull PLAIN/a/b
pull -q PLAIN/a/b:1
pull -a PLAIN/a/b
pull -aq PLAIN/a/b
pull -a PLAIN/a/b:1
pull PLAIN/a/b:none
pull PLAIN/none
pull PLAIN/a/b@sha256:{ZEROES}
pull PLAIN/a/b:1@sha256:00
pull --platform linux/arm64/v8 PLAIN/a/b:1
pull --platform linux/arm PLAIN/a/b:1
pull --platform nonsense/ PLAIN/a/b:1
pull --platform windows/amd64 PLAIN/a/b
pull UPPER
pull a b
pull scratch
pull ''
pull sha256:abcd
pull {ZEROES}
pull 127.0.0.1:1/x
pull -a 127.0.0.1:1/x
push 127.0.0.1:1/x
tag @image 127.0.0.1:1/x
push 127.0.0.1:1/x
rmi 127.0.0.1:1/x
rmi PLAIN/a/b:1 PLAIN/a/b
run --rm --pull always PLAIN/a/b:1 echo hi
run --rm --pull never PLAIN/a/b:none echo hi
run --rm --pull missing PLAIN/a/b:none echo hi
create --pull x PLAIN/a/b
"""

WHO = """
tag @image AUTH/a/b
tag @image TLS/a/b
push AUTH/a/b
push TLS/a/b
pull AUTH/a/b
pull TLS/a/b
pull -q AUTH/a/b
login AUTH -u me -p wrong
login AUTH -u me -p ''
login AUTH -u me --password-stdin
login AUTH -p x
login AUTH
login -u me -p secret --password-stdin AUTH
login AUTH -u me -p secret
login TLS -u me -p secret
push AUTH/a/b
push TLS/a/b
rmi AUTH/a/b TLS/a/b
pull AUTH/a/b
pull TLS/a/b
pull AUTH/none
push AUTH/none
logout AUTH
logout AUTH
pull AUTH/a/b
logout a b
login a b
login PLAIN -u a -p b
logout PLAIN
login 127.0.0.1:1 -u a -p b
login LOCALHOST:1 -u a -p b
search 127.0.0.1:1/x
search --filter = PLAIN/x
logout TLS
search --limit 101 PLAIN/x
search --filter foo=x PLAIN/x
search --filter stars=x PLAIN/x
search --filter is-official=maybe PLAIN/x
search a b
search https://PLAIN/x
rmi AUTH/a/b TLS/a/b
"""


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, RealRegistry]]:
    """One that asks nobody who they are, one that wants me:secret, and one that wants it over TLS."""
    folder = tmp_path_factory.mktemp("registries")
    certificate = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", certificate, "-out", folder / "only.pem", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate.write_text(certificate.read_text() + (folder / "only.pem").read_text())
    made = {
        "PLAIN": RealRegistry(folder / "plain"),
        "AUTH": RealRegistry(folder / "auth", auth=True),
        "TLS": RealRegistry(folder / "tls", auth=True, certificate=certificate),
    }
    yield made
    for registry in made.values():
        registry.close()


@pytest.mark.parametrize("lines", [PULL_AND_PUSH, WHO], ids=["pull-and-push", "who"])
def test_commands(pair: Pair, registries: Mapping[str, RealRegistry], lines: str) -> None:
    def scene(on: Engine) -> Any:
        on.import_image("image", {"made-by": File(on.own("").encode())})
        seen = []
        for line in lines.strip().splitlines():
            real = line
            for name, registry in registries.items():
                real = real.replace(name, registry.host)
            outcome = on.run(real)
            text = json.dumps([line, outcome.code, outcome.out, outcome.err])
            for name, registry in registries.items():
                text = text.replace(registry.host, name)
            seen.append(text.replace(str(on.config), "CONFIG"))
        on.ok("rmi @image")
        return seen

    pair.compare(scene)


REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", "/images/create?fromImage=AUTH/a/b&tag=latest", None),
    ("POST", "/images/create?fromImage=PLAIN/none&tag=latest", None),
    ("POST", "/images/create?fromImage=PLAIN/none", None),
    ("POST", "/images/create?fromImage=UPPER", None),
    ("POST", "/images/create?fromImage=PLAIN/none&tag=:", None),
    ("POST", "/images/create?fromImage=scratch&tag=latest", None),
    ("POST", "/images/create?fromImage=127.0.0.1:1/x&tag=latest", None),
    ("POST", "/images/127.0.0.1:1/x/push?tag=latest", None),
    ("POST", "/images/UPPER/push", None),
    ("POST", "/images/x/push?platform={}", None),
    ("POST", "/images/nosuch/push?tag=bad/tag", None),
    ("POST", "/auth", {"username": "me", "password": "x", "serveraddress": "AUTH"}),
    ("POST", "/auth", {"username": "me", "password": "secret", "serveraddress": "http://AUTH"}),
    ("POST", "/auth", {"serveraddress": "AUTH"}),
    ("GET", "/distribution/AUTH/a/b/json", None),
    ("GET", "/distribution/PLAIN/a/b/json", None),
    ("GET", "/distribution/UPPER/json", None),
    ("GET", "/images/search?term=PLAIN/x&limit=x", None),
    ("GET", "/images/search?term=x&filters={", None),
]


def test_requests(pair: Pair, registries: Mapping[str, RealRegistry]) -> None:
    def scene(on: Engine) -> Any:
        seen = []
        for method, path, body in REQUESTS:
            asked = json.dumps([path, body])
            for name, registry in registries.items():
                asked = asked.replace(name, registry.host)
            real_path, real_body = json.loads(asked)
            answer = on.api(method, f"/v1.50{real_path}", real_body)
            text = json.dumps([method, path, answer.status, answer.value])
            for name, registry in registries.items():
                text = text.replace(registry.host, name)
            seen.append(text)
        return seen

    pair.compare(scene)
