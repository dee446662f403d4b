"""Pull: what comes in whole comes in, and what a registry does wrong leaves nothing."""

import json
import threading
from typing import Any

import pytest

from pydock.errors import InvalidParameter, NotFound, PydockError, System, Unauthorized
from pydock.imagestore import reference
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.credentials import NOBODY, Credentials
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.pull import Puller, Request
from pydock.imagestore.registry.retries import Retries
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry, Handler
from tests.unit.imagestore.registry.made_images import digest_of, make_image, make_index
from tests.unit.imagestore.registry.memory_store import Heard, MemoryStore

QUICK = Retries(attempts=4, step=0.01)


def pull(
    store: MemoryStore,
    name: str,
    credentials: Credentials = NOBODY,
    platform: Platform | None = None,
    options: RegistryOptions | None = None,
    cancellation: Cancellation | None = None,
) -> Heard:
    """Pull `name` and return what was told."""
    heard = Heard()
    parsed = reference.parse(name)
    request = Request(parsed, credentials, platform, all_tags=parsed.name_only)
    Puller(store.store, options or RegistryOptions(), QUICK).pull(request, heard, cancellation or Cancellation())
    return heard


def empty(store: MemoryStore) -> bool:
    """Whether nothing is left in the store."""
    return not store.images.all() and not store.tags.all() and not store.files() and not store.layers.layers


@pytest.mark.parametrize(
    ("kind", "oci"),
    [("gzip", False), ("gzip", True), ("zstd", True), ("", True)],
    ids=["docker", "gzip", "zstd", "tar"],
)
def test_pulls_every_form(store: MemoryStore, registry: FaultyRegistry, kind: str, oci: bool) -> None:
    image = make_image([{"a": b"a" * 1000}, {"b": b"b"}], kind, oci)
    registry.add("team/app", "v1", image)
    heard = pull(store, f"{registry.host}/team/app:v1")
    short = [digest[7:19] for digest in image.layer_digests]
    assert heard.lines == [
        "v1: Pulling from team/app",
        f"Digest: {image.digest}",
        f"Status: Downloaded newer image for {registry.host}/team/app:v1",
    ]
    for name in short:
        assert heard.actions(name) == [
            "Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Pull complete",
        ] or "Extracting" in heard.actions(name)  # fmt: skip
    assert store.tags.all() == {
        f"{registry.host}/team/app:v1": image.config_digest,
        f"{registry.host}/team/app@{image.digest}": image.config_digest,
    }
    found = store.images.get(image.config_digest)
    assert found is not None
    assert list(found.diff_ids) == image.diff_ids
    assert [row.digest for row in store.images.manifests(found.id)] == [image.digest]
    assert sorted(store.files()) == sorted(digest[7:] for digest in image.layer_digests)


def test_second_pull_is_up_to_date_and_fetches_no_manifest(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    registry.add("app", "latest", image)
    pull(store, f"{registry.host}/app:latest")
    registry.seen.clear()
    heard = pull(store, f"{registry.host}/app:latest")
    assert heard.lines[-1] == f"Status: Image is up to date for {registry.host}/app:latest"
    assert [line.split()[0] for line, _ in registry.seen] == ["GET", "HEAD"]


def test_shared_layers_exist_already(store: MemoryStore, registry: FaultyRegistry) -> None:
    below = {"base": b"base"}
    registry.add("one", "1", make_image([below]))
    registry.add("two", "1", make_image([below, {"top": b"top"}]))
    pull(store, f"{registry.host}/one:1")
    heard = pull(store, f"{registry.host}/two:1")
    assert heard.updates[0][1] == "Already exists"
    assert store.layers.unpacking == 2


def test_all_tags(store: MemoryStore, registry: FaultyRegistry) -> None:
    for tag in ("a", "b"):
        registry.add("app", tag, make_image([{tag: b""}]))
    heard = pull(store, f"{registry.host}/app")
    assert heard.lines[-1] == f"Status: Downloaded newer image for {registry.host}/app"
    assert {name.rpartition(":")[2] for name in store.tags.all() if "@" not in name} == {"a", "b"}


def test_by_digest(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    registry.add("app", "", image)
    pull(store, f"{registry.host}/app@{image.digest}")
    assert list(store.tags.all()) == [f"{registry.host}/app@{image.digest}"]


@pytest.mark.parametrize("oci", [False, True])
def test_chooses_the_platform(store: MemoryStore, registry: FaultyRegistry, oci: bool) -> None:
    images = {name: make_image([{name: b""}], oci=oci, architecture=name) for name in ("amd64", "arm64")}
    for image in images.values():
        registry.add("app", "", image)
    content, media_type = make_index(
        [images[name].entry(os="linux", architecture=name) for name in ("amd64", "arm64")], oci
    )
    registry.add_manifest("app", "1", content, media_type)
    heard = pull(store, f"{registry.host}/app:1", platform=Platform("linux", "arm64"))
    assert [image.architecture for image in store.images.all()] == ["arm64"]
    assert f"Digest: {digest_of(content)}" in heard.lines
    assert len(store.images.manifests(images["arm64"].config_digest)) == 2
    with pytest.raises(NotFound, match="no matching manifest for linux/s390x in the manifest list entries"):
        pull(store, f"{registry.host}/app:1", platform=Platform("linux", "s390x"))


def test_unknown_names(store: MemoryStore, registry: FaultyRegistry) -> None:
    with pytest.raises(NotFound) as raised:
        pull(store, f"{registry.host}/app:1")
    assert str(raised.value) == (f"manifest for {registry.host}/app:1 not found: manifest unknown: manifest unknown")
    registry.on("GET", "/v2/app/", lambda request: request.error(403, "DENIED", "requested access is denied"))
    with pytest.raises(NotFound, match=r"pull access denied for .*/app, repository does not exist or may require"):
        pull(store, f"{registry.host}/app:1")


def test_nobody_listens(store: MemoryStore) -> None:
    with pytest.raises(System) as raised:
        pull(store, "127.0.0.1:1/app:1")
    assert str(raised.value) == ('Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused')


@pytest.mark.parametrize("offset", [0, 1000, 70_000])
def test_resumes_a_broken_blob(store: MemoryStore, registry: FaultyRegistry, offset: int) -> None:
    image = make_image([{"a": bytes(range(256)) * 1000}], "", True)
    registry.add("app", "1", image)
    blob = image.blobs[image.layer_digests[0]]
    broken: list[int] = []

    def break_off(request: Handler) -> bool:
        if broken or image.layer_digests[0] not in request.path:
            return False
        broken.append(1)
        request.answer(200, blob[:offset], {"Content-Length": str(len(blob))})
        request.drop()
        return True

    registry.on("GET", "/v2/app/blobs/", break_off)
    heard = pull(store, f"{registry.host}/app:1")
    assert store.images.get(image.config_digest) is not None
    assert any(action.startswith("Retrying in 1 second") for _, action, _, _ in heard.updates)


def test_begins_anew_where_ranges_are_not_known(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image([{"a": bytes(range(256)) * 1000}], "", True)
    registry.add("app", "1", image)
    blob = image.blobs[image.layer_digests[0]]
    times: list[int] = []

    def answer(request: Handler) -> bool:
        if image.layer_digests[0] not in request.path:
            return False
        times.append(1)
        request.answer(200, blob[: 90_000 * len(times)], {"Content-Length": str(len(blob))})
        if 90_000 * len(times) < len(blob):
            request.drop()
        return True

    registry.on("GET", "/v2/app/blobs/", answer)
    pull(store, f"{registry.host}/app:1")
    assert len(times) == 3
    assert store.layers.tars[image.diff_ids[0]] == blob


def test_a_wrong_beginning_is_fetched_again_where_ranges_are_not_known(
    store: MemoryStore, registry: FaultyRegistry
) -> None:
    image = make_image([{"a": bytes(range(256)) * 1000}], "", True)
    registry.add("app", "1", image)
    blob = image.blobs[image.layer_digests[0]]
    times: list[int] = []

    def answer(request: Handler) -> bool:
        if image.layer_digests[0] not in request.path:
            return False
        times.append(1)
        if len(times) == 1:  # breaks off, and what came was wrong
            request.answer(200, b"x" * 90_000, {"Content-Length": str(len(blob))})
            request.drop()
        else:
            request.answer(200, blob)
        return True

    registry.on("GET", "/v2/app/blobs/", answer)
    pull(store, f"{registry.host}/app:1")
    assert len(times) == 3  # the second was right, but the worker had seen the first
    assert store.layers.tars[image.diff_ids[0]] == blob


def test_two_pulls_at_once_download_a_layer_once(store: MemoryStore, registry: FaultyRegistry) -> None:
    one = make_image([{"a": b"shared"}, {"b": b"one"}])
    two = make_image([{"a": b"shared"}, {"b": b"two"}])
    registry.add("one", "1", one)
    registry.add("two", "1", two)
    assert one.layer_digests[0] == two.layer_digests[0]
    reached, release, asked = threading.Event(), threading.Event(), threading.Event()

    def stall(request: Handler) -> bool:
        reached.set()
        release.wait(60)
        return False

    def seen(request: Handler) -> bool:
        asked.set()
        return False

    registry.on("GET", f"/v2/one/blobs/{one.layer_digests[0]}", stall)
    registry.on("GET", f"/v2/two/blobs/{two.config_digest}", seen)
    puller = Puller(store.store, RegistryOptions(), QUICK)
    heard = [Heard(), Heard(), Heard()]

    def run(place: int, name: str) -> None:
        parsed = reference.parse(f"{registry.host}/{name}:1")
        puller.pull(Request(parsed, NOBODY), heard[place], Cancellation())

    threads = [threading.Thread(target=run, args=(0, "one"))]
    threads[0].start()
    assert reached.wait(30)
    for place, name in ((1, "two"), (2, "one")):
        threads.append(threading.Thread(target=run, args=(place, name)))
        threads[-1].start()
    assert asked.wait(30)
    release.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert {image.id for image in store.images.all()} == {one.config_digest, two.config_digest}
    for digest in {*one.layer_digests, *two.layer_digests}:
        assert len(registry.requests(digest)) == 1
    shared = one.layer_digests[0][7:19]
    assert heard[0].actions(shared)[-1] == "Pull complete"
    assert heard[1].actions(shared)[-1] in ("Pull complete", "Already exists")  # where it came late


def test_nobody_waits_for_a_pull_from_another_registry(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image([{"a": b"shared"}])
    registry.add("app", "1", image)
    reached, release = threading.Event(), threading.Event()

    def stall(request: Handler) -> bool:
        reached.set()
        release.wait(60)
        return False

    registry.on("GET", f"/v2/app/blobs/{image.layer_digests[0]}", stall)
    puller = Puller(store.store, RegistryOptions(), QUICK)

    def run(host: str) -> None:
        puller.pull(Request(reference.parse(f"{host}/app:1"), NOBODY), Heard(), Cancellation())

    slow = threading.Thread(target=run, args=(registry.host,))
    slow.start()
    assert reached.wait(30)
    with FaultyRegistry() as other:
        other.add("app", "1", image)
        run(other.host)
    assert store.images.get(image.config_digest) is not None
    release.set()
    slow.join(30)
    assert not slow.is_alive()


def test_who_waits_for_another_pull_can_be_cancelled_and_takes_over_where_it_fails(
    store: MemoryStore, registry: FaultyRegistry
) -> None:
    image = make_image([{"a": b"shared"}])
    registry.add("app", "1", image)
    reached, release = threading.Event(), threading.Event()
    times: list[int] = []

    def stall(request: Handler) -> bool:
        times.append(1)
        if len(times) > 1:
            return False
        reached.set()
        release.wait(60)
        request.error(403, "DENIED", "not yours")
        return True

    registry.on("GET", f"/v2/app/blobs/{image.layer_digests[0]}", stall)
    puller = Puller(store.store, RegistryOptions(), QUICK)
    cancellations = [Cancellation(), Cancellation(), Cancellation()]
    raised: dict[int, BaseException] = {}

    def run(place: int) -> None:
        try:
            parsed = reference.parse(f"{registry.host}/app:1")
            puller.pull(Request(parsed, NOBODY), Heard(), cancellations[place])
        except BaseException as error:
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(3)]
    threads[0].start()
    assert reached.wait(30)
    threads[1].start()
    cancellations[1].cancel()
    threads[1].join(30)
    assert isinstance(raised[1], Cancelled)
    threads[2].start()
    release.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert set(raised) == {0, 1}
    assert store.images.get(image.config_digest) is not None


def test_a_wrong_blob_is_fetched_again_and_then_given_up(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image([{"a": b"a"}])
    registry.add("app", "1", image)
    right = registry.blobs[image.layer_digests[0]]
    registry.blobs[image.layer_digests[0]] = right[:-1] + bytes([right[-1] ^ 1])
    with pytest.raises(System, match=f"filesystem layer verification failed for digest {image.layer_digests[0]}"):
        pull(store, f"{registry.host}/app:1")
    assert len(registry.requests(image.layer_digests[0])) == QUICK.attempts
    assert empty(store)
    registry.blobs[image.layer_digests[0]] = right
    pull(store, f"{registry.host}/app:1")


def test_a_layer_that_is_not_the_configs(store: MemoryStore, registry: FaultyRegistry) -> None:
    wrong = {"rootfs": {"type": "layers", "diff_ids": [digest_of(b"other")]}}
    registry.add("app", "1", make_image(config=wrong))
    with pytest.raises(InvalidParameter, match="failed to register layer: "):
        pull(store, f"{registry.host}/app:1")
    assert len(registry.requests("/blobs/")) == 2
    assert empty(store)


@pytest.mark.parametrize("chunked", [False, True])
def test_an_endless_blob_is_cut_at_its_declared_size(
    store: MemoryStore, registry: FaultyRegistry, chunked: bool
) -> None:
    image = make_image([{"a": b"a"}])
    registry.add("app", "1", image)
    sent = [0]

    def endless(request: Handler) -> None:
        request.send_response(200)
        if chunked:
            request.send_header("Transfer-Encoding", "chunked")
        else:
            request.send_header("Content-Length", str(1 << 50))
        request.end_headers()
        piece = b"x" * (1 << 16)
        while True:
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            sent[0] += len(piece)

    registry.on("GET", f"/v2/app/blobs/{image.layer_digests[0]}", endless)
    with pytest.raises(System):
        pull(store, f"{registry.host}/app:1")
    assert sent[0] < 100 << 20
    assert empty(store)


def test_an_endless_manifest(store: MemoryStore, registry: FaultyRegistry) -> None:
    def endless(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", manifests.DOCKER_MANIFEST)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        while True:
            request.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    registry.on("GET", "/v2/app/manifests/", endless)
    with pytest.raises(InvalidParameter, match="longer than"):
        pull(store, f"{registry.host}/app:1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": [{"mediaType": manifests.DOCKER_LAYER, "size": -1, "digest": digest_of(b"")}]}, "size"),
        ({"layers": [{"mediaType": manifests.DOCKER_LAYER, "size": 1, "digest": "sha256:../../etc"}]}, "digest"),
        ({"layers": [{"mediaType": manifests.DOCKER_LAYER, "size": 1, "digest": digest_of(b"")}] * 126}, "max depth"),
        ({"layers": "x"}, "layers"),
        ({"layers": [{"mediaType": "text/x", "size": 1, "digest": digest_of(b"")}]}, "unsupported media type text/x"),
        ({"config": None}, "config"),
        ({"config": {"mediaType": "application/vnd.helm", "size": 1, "digest": digest_of(b"")}}, "Encountered remote"),
        ({"config": {"mediaType": "", "size": 1 << 40, "digest": digest_of(b"")}}, "config is too large"),
        ({"manifests": []}, "expected manifest but found index"),
        ({"mediaType": manifests.OCI_MANIFEST}, "mediaType in manifest should be"),
        ({"schemaVersion": 3}, "schemaVersion"),
    ],
)
def test_hostile_manifests(store: MemoryStore, registry: FaultyRegistry, changes: dict[str, Any], message: str) -> None:
    registry.add("app", "1", make_image(changes=changes))
    with pytest.raises(InvalidParameter, match=message):
        pull(store, f"{registry.host}/app:1")
    assert empty(store)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{" * 100_000, b"[" * 100_000, b'{"schemaVersion": 1e999}', b"\xff\xfe", b'{"a":' * 5000]
)
def test_manifests_that_are_no_json(store: MemoryStore, registry: FaultyRegistry, content: bytes) -> None:
    registry.add_manifest("app", "1", content, manifests.DOCKER_MANIFEST)
    with pytest.raises(InvalidParameter):
        pull(store, f"{registry.host}/app:1")


@pytest.mark.parametrize(
    "config",
    [
        {"rootfs": None},
        {"rootfs": {"diff_ids": []}},
        {"rootfs": {"diff_ids": ["sha256:x"]}},
        {"rootfs": {"diff_ids": "x"}},
        {"os": "windows"},
    ],
)
def test_hostile_configs(store: MemoryStore, registry: FaultyRegistry, config: dict[str, Any]) -> None:
    registry.add("app", "1", make_image(config=config))
    with pytest.raises(InvalidParameter):
        pull(store, f"{registry.host}/app:1")
    assert empty(store)


def test_a_config_that_is_not_what_its_digest_says(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    registry.add("app", "1", image)
    size = len(registry.blobs[image.config_digest])
    registry.blobs[image.config_digest] = b"{}".ljust(size)
    with pytest.raises(System, match="error pulling image configuration: image config verification failed"):
        pull(store, f"{registry.host}/app:1")


def test_a_manifest_that_is_not_what_its_digest_says(store: MemoryStore, registry: FaultyRegistry) -> None:
    image, other = make_image(), make_image([{"x": b""}])
    registry.add("app", "", image)
    registry.manifests["app", image.digest] = (other.media_type, other.manifest)
    with pytest.raises(System, match=f"manifest verification failed for digest {image.digest}"):
        pull(store, f"{registry.host}/app@{image.digest}")


def test_schema_1(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.add_manifest("app", "1", b"{}", "application/vnd.docker.distribution.manifest.v1+prettyjws")
    with pytest.raises(InvalidParameter, match="schema 1 support has been removed"):
        pull(store, f"{registry.host}/app:1")


def test_nested_indexes_are_bounded(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image(oci=True)
    registry.add("app", "", image)
    entry = image.entry(os="linux", architecture="amd64")
    for depth in range(1, 6):
        content, media_type = make_index([entry], oci=True)
        registry.add_manifest("app", f"d{depth}", content, media_type)
        entry = {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
    amd64 = Platform("linux", "amd64")
    pull(store, f"{registry.host}/app:d3", platform=amd64)
    with pytest.raises(InvalidParameter, match="nested too deeply"):
        pull(store, f"{registry.host}/app:d4", platform=amd64)


def test_an_index_cannot_make_us_fetch_without_end(store: MemoryStore, registry: FaultyRegistry) -> None:
    """Every entry leads to an index with nothing in it."""
    entries = []
    for number in range(200):
        content = json.dumps({"schemaVersion": 2, "manifests": [], "number": number}).encode()
        digest = registry.add_manifest("app", "", content, manifests.OCI_INDEX)
        entries.append({"mediaType": manifests.OCI_INDEX, "digest": digest, "size": len(content)})
    registry.add_manifest("app", "1", *make_index(entries, oci=True))
    with pytest.raises(NotFound, match="no matching manifest"):
        pull(store, f"{registry.host}/app:1")
    assert len(registry.seen) < 40


def test_server_errors_pass(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.add("app", "1", make_image())
    failed: dict[str, int] = {}

    def fail_once(request: Handler) -> bool:
        failed[request.path] = failed.get(request.path, 0) + 1
        if failed[request.path] > 1:
            return False
        request.answer(500, b"oops")
        return True

    registry.on("GET", "/v2/app/", fail_once)
    pull(store, f"{registry.host}/app:1")
    assert len(failed) == 3


def test_rate_limit_is_told_and_not_fought(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.on(
        "GET",
        "/v2/app/",
        lambda request: request.error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit."),
    )
    with pytest.raises(System) as raised:
        pull(store, f"{registry.host}/app:1")
    assert str(raised.value) == "toomanyrequests: You have reached your pull rate limit."
    assert len(registry.requests("/manifests/")) == 1


def test_basic_auth(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.user = ("me", "secret")
    registry.add("app", "1", make_image())
    with pytest.raises(System, match=r'Head ".*/v2/app/manifests/1": no basic auth credentials'):
        pull(store, f"{registry.host}/app:1")
    pull(store, f"{registry.host}/app:1", Credentials("me", "secret"))


def test_token_auth(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.token_server = f"{registry.url}/token"
    registry.user = ("me", "secret")
    registry.add("app", "1", make_image())
    with pytest.raises(Unauthorized, match="unauthorized: incorrect username or password"):
        pull(store, f"{registry.host}/app:1", Credentials("me", "wrong"))
    pull(store, f"{registry.host}/app:1", Credentials("me", "secret"))
    assert "scope=repository%3Aapp%3Apull" in registry.requests("/token")[-1]
    # the password went to the token server alone
    assert all("Basic" not in sent for line, sent in registry.seen if "/token" not in line)


def test_credentials_stay_with_their_host(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.user = ("me", "secret")
    image = make_image()
    registry.add("app", "1", image)
    with FaultyRegistry() as other:
        other.blobs = registry.blobs
        registry.on("GET", "/v2/app/blobs/", lambda request: request.redirect(other.url + request.path))
        pull(store, f"{registry.host}/app:1", Credentials("me", "secret"))
        assert len(other.seen) == 2
        assert all(sent == "" for _, sent in other.seen)


@pytest.mark.parametrize("path", ["/v2/", "/v2/app/manifests/", "/v2/app/blobs/"])
def test_a_host_redirected_to_does_not_name_the_token_server(
    store: MemoryStore, registry: FaultyRegistry, path: str
) -> None:
    registry.add("app", "1", make_image())
    with FaultyRegistry() as other:
        other.token_server = f"{other.url}/token"
        registry.on("GET", path, lambda request: request.redirect(other.url + request.path))
        with pytest.raises(PydockError):
            pull(store, f"{registry.host}/app:1", Credentials("me", "secret"))
        assert other.seen
        assert all(sent == "" for _, sent in other.seen)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/", "http://u:p@127.0.0.1/", "http://a b/", ""]
)
def test_redirects_to_elsewhere(store: MemoryStore, registry: FaultyRegistry, location: str) -> None:
    registry.add("app", "1", make_image())
    registry.on("GET", "/v2/app/manifests/", lambda request: request.redirect(location))
    with pytest.raises(PydockError):
        pull(store, f"{registry.host}/app:1")


def test_redirects_without_end(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.on("GET", "/v2/app/manifests/", lambda request: request.redirect(request.path))
    with pytest.raises(System, match="stopped after 10 redirects"):
        pull(store, f"{registry.host}/app:1")
    assert len(registry.requests("/manifests/")) == 11


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "http://x y/", "http://me:pw@127.0.0.1/", "", "nonsense"])
def test_token_servers_that_are_none(store: MemoryStore, registry: FaultyRegistry, realm: str) -> None:
    registry.token_server = realm or '"'
    with pytest.raises(PydockError):
        pull(store, f"{registry.host}/app:1", Credentials("me", "secret"))


@pytest.mark.parametrize(
    "answer",
    [b"{}", b"x", b'{"token": 1}', json.dumps({"token": "a\r\nX: y"}).encode(), b'{"token":"' + b"x" * (2 << 20)],
)
def test_tokens_that_are_none(store: MemoryStore, registry: FaultyRegistry, answer: bytes) -> None:
    registry.token_server = f"{registry.url}/token"
    registry.on("GET", "/token", lambda request: request.answer(200, answer))
    with pytest.raises(PydockError):
        pull(store, f"{registry.host}/app:1")


def test_mirrors_are_asked_first_without_credentials(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    registry.add("library/app", "1", image)
    with FaultyRegistry() as down:
        down.user = ("x", "y")
        options = RegistryOptions(mirrors=(down.url, registry.url))
        pull(store, "app:1", Credentials("me", "secret"), options=options)
    assert store.tags.find("docker.io/library/app:1") == image.config_digest
    assert all(sent == "" for _, sent in registry.seen)


def test_cancel_stops_and_leaves_nothing(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image([{str(number): bytes([number]) * 1000} for number in range(5)])
    registry.add("app", "1", image)
    reached, release = threading.Event(), threading.Event()

    def stall(request: Handler) -> bool:
        if not request.path.endswith(image.layer_digests[1]):
            return False
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"x")
        request.wfile.flush()
        reached.set()
        release.wait(60)
        return True

    registry.on("GET", "/v2/app/blobs/", stall)
    cancellation = Cancellation()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            pull(store, f"{registry.host}/app:1", cancellation=cancellation)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(30)
    cancellation.cancel()
    thread.join(30)
    assert not thread.is_alive()
    release.set()
    assert isinstance(raised[0], Cancelled)
    assert not store.images.all()
    assert not list((store.directory / "blobs" / "incoming").iterdir())
