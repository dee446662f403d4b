"""Pull and push with Debian's registry and skopeo: what pydock says and does, and that Docker says and does it too."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from tests.clients.registries.cutting_proxy import CuttingProxy
from tests.clients.registries.real_registries import Daemon, Engine, RealRegistry, auth_header, wait_for
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry, Handler
from tests.unit.imagestore.registry.made_images import MadeImage, make_image

FILES = [{"etc/first": b"1" * 5000, "etc/name": b"first"}, {"etc/second": b"2" * 5000}]


def lay_out(folder: Path, image: MadeImage) -> str:
    """`image` in a directory, as skopeo names it."""
    layout = folder / "layout"
    layout.mkdir()
    for digest, blob in image.blobs.items():
        (layout / digest[7:]).write_bytes(blob)
    (layout / "manifest.json").write_bytes(image.manifest)
    (layout / "version").write_text("Directory Transport Version: 1.1\n")
    return f"dir:{layout}"


def skopeo(*arguments: object) -> str:
    """Run skopeo."""
    done = subprocess.run(["skopeo", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["docker", "gzip", "zstd", "tar"])
def image(request: pytest.FixtureRequest) -> MadeImage:
    """An image in each of the forms that skopeo pushes."""
    form = str(request.param)
    return make_image(FILES, {"docker": "gzip", "tar": ""}.get(form, form), oci=form != "docker")


def statuses(messages: list[dict[str, object]], id: str) -> list[object]:
    """What happened to a layer, each thing once."""
    return list(dict.fromkeys(message["status"] for message in messages if message.get("id") == id))


def test_round_trip(engine: Engine, registry: RealRegistry, image: MadeImage, tmp_path: Path) -> None:
    source, copy = f"{registry.host}/pdt/app", f"{registry.host}/pdt/copy"
    skopeo("copy", "--dest-tls-verify=false", "--preserve-digests", lay_out(tmp_path, image),
           f"docker://{source}:1")  # fmt: skip
    engine.forget(f"{source}:1", f"{copy}:2", image.config_digest)
    messages = engine.stream(f"/images/create?fromImage={source}&tag=1")
    assert messages[0] == {"status": "Pulling from pdt/app", "id": "1"}
    assert messages[-2:] == [
        {"status": f"Digest: {image.digest}"},
        {"status": f"Status: Downloaded newer image for {source}:1"},
    ]
    for digest in image.layer_digests:
        found = [text for text in statuses(messages, digest[7:19]) if text not in ("Waiting", "Extracting")]
        assert [text for text in found if text != "Downloading"] == [
            "Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete",
        ] or engine.name == "docker"  # fmt: skip
    inspected = json.loads(engine.request("GET", f"/images/{source}:1/json")[1])
    assert inspected["Id"] == image.config_digest
    assert inspected["RepoDigests"] == [f"{source}@{image.digest}"]
    assert inspected["RootFS"]["Layers"] == image.diff_ids
    again = engine.stream(f"/images/create?fromImage={source}&tag=1")
    assert again[-1] == {"status": f"Status: Image is up to date for {source}:1"}

    engine.request("POST", f"/images/{source}:1/tag?repo={copy}&tag=2")
    pushed = engine.stream(f"/images/{copy}/push?tag=2")
    assert pushed[0] == {"status": f"The push refers to repository [{copy}]"}
    assert statuses(pushed, image.diff_ids[0][7:19])[0] == "Preparing"
    aux = pushed[-1]["aux"]
    assert pushed[-2]["status"] == f"2: digest: {aux['Digest']} size: {aux['Size']}"
    if engine.name == "pydock" or image.media_type.startswith("application/vnd.docker"):
        # Docker makes every manifest anew, in its own form
        assert aux == {"Tag": "2", "Digest": image.digest, "Size": len(image.manifest)} or engine.name == "docker"
    target = tmp_path / "back"
    skopeo("copy", "--src-tls-verify=false", f"docker://{copy}:2", f"dir:{target}")
    engine.forget(f"{source}:1", f"{copy}:2")


def test_what_commit_made_is_read_by_skopeo(daemon: Daemon, registry: RealRegistry, tmp_path: Path) -> None:
    """An image that came in without compressed layers."""
    engine, name = daemon.engine, f"{registry.host}/pdt/loaded"
    image = make_image(FILES)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, data in _docker_archive(image, name).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    status, body = engine.request("POST", "/images/load", {"Content-Type": "application/x-tar"}, archive.getvalue())
    assert status == 200, body
    first = engine.stream(f"/images/{name}/push?tag=1")[-1]["aux"]
    assert engine.stream(f"/images/{name}/push?tag=1")[-1]["aux"] == first
    found = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{name}:1"))
    assert found["Digest"] == first["Digest"]
    engine.forget(f"{name}:1", image.config_digest)
    engine.stream(f"/images/create?fromImage={name}&tag=1")
    assert [each["Id"] for each in engine.images() if each["RepoTags"] == [f"{name}:1"]] == [image.config_digest]
    engine.forget(f"{name}:1")


def _docker_archive(image: MadeImage, name: str) -> dict[str, bytes]:
    import gzip

    config = f"{image.config_digest[7:]}.json"
    files = {config: image.blobs[image.config_digest]}
    paths = []
    for number, digest in enumerate(image.layer_digests):
        paths.append(f"{number}/layer.tar")
        files[paths[-1]] = gzip.decompress(image.blobs[digest])
    manifest = [{"Config": config, "RepoTags": [f"{name}:1"], "Layers": paths}]
    return files | {"manifest.json": json.dumps(manifest).encode()}


def test_what_docker_pushed_is_pulled(daemon: Daemon, registry: RealRegistry) -> None:
    from tests.clients.registries.real_registries import real_docker

    if not real_docker():
        pytest.skip("no Docker: PYDOCK_TEST_DOCKER_SOCKET")
    docker, name = Engine("docker", real_docker()), f"{registry.host}/pdt/docker"
    image = make_image(FILES)
    with FaultyRegistry() as source:
        source.add("pdt/app", "1", image)
        docker.stream(f"/images/create?fromImage={source.host}/pdt/app&tag=1")
        docker.request("POST", f"/images/{source.host}/pdt/app:1/tag?repo={name}&tag=1")
        digest = docker.stream(f"/images/{name}/push?tag=1")[-1]["aux"]["Digest"]
        docker.forget(f"{name}:1", f"{source.host}/pdt/app:1")
    assert {"status": f"Digest: {digest}"} in daemon.engine.stream(f"/images/create?fromImage={name}&tag=1")
    daemon.engine.forget(f"{name}:1")


def test_an_upload_that_is_cut_off_is_made_good(daemon: Daemon, registry: RealRegistry, tmp_path: Path) -> None:
    image = make_image([{"much": os.urandom(3 << 20)}])
    source = f"{registry.host}/pdt/much"
    skopeo("copy", "--dest-tls-verify=false", lay_out(tmp_path, image), f"docker://{source}:1")
    daemon.engine.stream(f"/images/create?fromImage={source}&tag=1")
    other = RealRegistry(tmp_path / "other")
    try:
        with CuttingProxy(other.host, 1 << 20) as proxy:
            name = f"{proxy.host}/pdt/much"
            daemon.engine.request("POST", f"/images/{source}:1/tag?repo={name}&tag=1")
            pushed = daemon.engine.stream(f"/images/{name}/push?tag=1")
            assert pushed[-1]["aux"]["Digest"] == image.digest
            assert proxy.cuts == 1
            assert [str(text)[:8] for text in statuses(pushed, image.diff_ids[0][7:19])][:3] == [
                "Preparin", "Pushing", "Retrying",
            ]  # fmt: skip
        daemon.engine.forget(f"{name}:1", f"{source}:1")
        assert skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{other.host}/pdt/much:1")
    finally:
        other.close()


def test_all_tags(engine: Engine, registry: RealRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/pdt/tags-{engine.name}"
    layout = lay_out(tmp_path, make_image(FILES))
    for tag in ("a", "b"):
        skopeo("copy", "--dest-tls-verify=false", layout, f"docker://{name}:{tag}")
    messages = engine.stream(f"/images/create?fromImage={name}")
    assert messages[-1] == {"status": f"Status: Downloaded newer image for {name}"}
    tags = next(each["RepoTags"] for each in engine.images() if f"{name}:a" in each["RepoTags"])
    assert {f"{name}:a", f"{name}:b"} <= set(tags)
    pushed = [str(message.get("status")) for message in engine.stream(f"/images/{name}/push")]
    assert [line[:9] for line in pushed if ": digest:" in line] == ["a: digest", "b: digest"]
    engine.forget(f"{name}:a", f"{name}:b")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/images/create?fromImage=HOST/none&tag=1", 404,
         "manifest for HOST/none:1 not found: manifest unknown: manifest unknown"),
        ("/images/create?fromImage=HOST/none", 404,
         "repository HOST/none not found: name unknown: repository name not known to registry"),
        ("/images/create?fromImage=127.0.0.1:1/none&tag=1", 500,
         'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'),
        ("/images/create?fromImage=Upper&tag=1", 400,
         "invalid reference format: repository name (library/Upper) must be lowercase"),
        ("/images/create?fromImage=app&tag=a:b", 400, "invalid tag format"),
        ("/images/create?fromImage=scratch", 403, "'scratch' is a reserved name"),
        ("/images/Upper/push?tag=1", 400,
         "invalid reference format: repository name (library/Upper) must be lowercase"),
    ],
)  # fmt: skip
def test_errors_with_a_status(engine: Engine, registry: RealRegistry, path: str, status: int, message: str) -> None:
    found, body = engine.request("POST", path.replace("HOST", registry.host))
    assert (found, json.loads(body)) == (status, {"message": message.replace("HOST", registry.host)})


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("none", "An image does not exist locally with the tag: HOST/none"),
    ],
)
def test_errors_in_the_stream(engine: Engine, registry: RealRegistry, tag: str, message: str) -> None:
    told = engine.stream(f"/images/{registry.host}/none/push?tag={tag}")
    text = message.replace("HOST", registry.host)
    assert told == [
        {"status": f"The push refers to repository [{registry.host}/none]"},
        {"errorDetail": {"message": text}, "error": text},
    ]


def test_a_guarded_registry(engine: Engine, guarded: RealRegistry, tmp_path: Path) -> None:
    image, name = make_image(FILES), f"{guarded.host}/pdt/app"
    skopeo("copy", "--dest-tls-verify=false", "--dest-creds", "me:secret", lay_out(tmp_path, image),
           f"docker://{name}:1")  # fmt: skip
    path = f"/images/create?fromImage={name}&tag=1"
    status, body = engine.request("POST", path)
    assert json.loads(body)["message"].endswith(
        f'"https://{guarded.host}/v2/pdt/app/manifests/1": no basic auth credentials'
    )
    status, body = engine.request("POST", path, auth_header("me", "wrong"))
    assert (status, json.loads(body)) == (401, {"message": "unauthorized: authentication required"})
    messages = engine.stream(path, auth_header("me", "secret"))
    assert messages[-1] == {"status": f"Status: Downloaded newer image for {name}:1"}
    login = {"username": "me", "password": "secret", "serveraddress": guarded.host}
    headers = {"Content-Type": "application/json"}
    assert engine.request("POST", "/auth", headers, json.dumps(login).encode()) == (
        200, b'{"IdentityToken":"","Status":"Login Succeeded"}\n',
    )  # fmt: skip
    _, body = engine.request("POST", "/auth", headers, json.dumps(login | {"password": "no"}).encode())
    # Docker goes on without TLS and tells of that
    expected = "401 Unauthorized" if engine.name == "pydock" else "400 Bad Request"
    assert json.loads(body)["message"].endswith(f"failed with status: {expected}")
    denied = engine.stream(f"/images/{name}/push?tag=1", auth_header("me", "wrong"))
    assert denied[-1]["error"] == "unauthorized: authentication required"
    pushed = engine.stream(f"/images/{name}/push?tag=1", auth_header("me", "secret"))
    assert pushed[-1]["aux"]["Tag"] == "1"
    engine.forget(f"{name}:1")


def test_distribution(engine: Engine, registry: RealRegistry, tmp_path: Path) -> None:
    image, name = make_image(FILES), f"{registry.host}/pdt/looked-at"
    skopeo("copy", "--dest-tls-verify=false", "--preserve-digests", lay_out(tmp_path, image),
           f"docker://{name}:1")  # fmt: skip
    status, body = engine.request("GET", f"/distribution/{name}:1/json")
    assert json.loads(body) == {
        "Descriptor": {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest)},
        "Platforms": [{"architecture": "amd64", "os": "linux"}],
    }
    status, body = engine.request("GET", f"/distribution/{name}:2/json")
    assert (status, json.loads(body)) == (404, {"message": "manifest unknown: manifest unknown"})


def test_a_client_that_goes_leaves_nothing(daemon: Daemon) -> None:
    """The connection is cut in the midst of a download."""
    image = make_image([{"big": b"x" * 3_000_000}], "", True)
    with FaultyRegistry() as registry:
        registry.add("pdt/slow", "1", image)
        reached, release = threading.Event(), threading.Event()

        def stall(request: Handler) -> bool:
            if image.layer_digests[0] not in request.path:
                return False
            request.send_response(200)
            request.send_header("Content-Length", str(len(image.blobs[image.layer_digests[0]])))
            request.end_headers()
            request.wfile.write(image.blobs[image.layer_digests[0]][:2_000_000])
            reached.set()
            release.wait(60)
            return True

        registry.on("GET", "/v2/pdt/slow/blobs/", stall)
        client = subprocess.Popen(
            ["curl", "-sN", "--unix-socket", daemon.engine.path, "-X", "POST",
             f"http://x/v1.50/images/create?fromImage={registry.host}/pdt/slow&tag=1"], stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert reached.wait(30)
        incoming = daemon.folder / "data" / "blobs" / "incoming"
        wait_for(lambda: list(incoming.iterdir()))
        before = set((daemon.folder / "data" / "overlay2").iterdir())
        client.kill()
        client.wait()
        wait_for(lambda: not list(incoming.iterdir()))
        wait_for(lambda: len(set((daemon.folder / "data" / "overlay2").iterdir()) - before) == 0)
        release.set()
    assert not [each for each in daemon.engine.images() if "pdt/slow" in str(each["RepoTags"])]


@pytest.mark.skipif(not shutil.which("docker"), reason="needs the docker command")
def test_the_docker_command(daemon: Daemon, guarded: RealRegistry, tmp_path: Path) -> None:
    """login, push, pull, logout with the stock client, whose configuration keeps the credentials."""

    def docker(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environ = {
            "DOCKER_CONFIG": str(tmp_path),
            "DOCKER_HOST": f"unix://{daemon.engine.path}",
            "PATH": "/usr/bin:/bin",
        }
        program = shutil.which("docker")
        assert program
        return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, env=environ)

    image, name = make_image(FILES), f"{guarded.host}/pdt/cli:1"
    with FaultyRegistry() as source:
        source.add("pdt/app", "1", image)
        assert docker("pull", "-q", f"{source.host}/pdt/app:1").stdout == f"{source.host}/pdt/app:1\n"
        docker("tag", f"{source.host}/pdt/app:1", name)
        docker("rmi", f"{source.host}/pdt/app:1")
    refused = docker("push", name)
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("no basic auth credentials")
    assert docker("login", "-u", "me", "--password-stdin", guarded.host, stdin="secret").stdout == "Login Succeeded\n"
    pushed = docker("push", name)
    assert pushed.returncode == 0, pushed.stderr
    assert f"1: digest: {image.digest} size: {len(image.manifest)}" in pushed.stdout
    docker("rmi", "-f", name)
    assert docker("pull", name).returncode == 0
    docker("rmi", "-f", name)
