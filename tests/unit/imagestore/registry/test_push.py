"""Push: what goes out is what came in, and nothing goes out twice."""

import gzip
import json
import os
import threading

import pytest

from pydock.errors import PydockError, System
from pydock.imagestore import digest as digests
from pydock.imagestore import reference
from pydock.imagestore.layers import Unpacked
from pydock.imagestore.registry import manifests
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.credentials import NOBODY, Credentials
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.push import Pusher, Request
from pydock.imagestore.registry.retries import Retries
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry, Handler
from tests.unit.imagestore.registry.made_images import MadeImage, make_image, tar_of
from tests.unit.imagestore.registry.memory_store import Heard, MemoryStore
from tests.unit.imagestore.registry.test_pull import pull


def push(
    store: MemoryStore, name: str, credentials: Credentials = NOBODY, cancellation: Cancellation | None = None
) -> Heard:
    """Push `name` and return what was told."""
    heard = Heard()
    pusher = Pusher(store.store, RegistryOptions(), Retries(attempts=3, step=0.01))
    pusher.push(Request(reference.parse(name), credentials), heard, cancellation or Cancellation())
    return heard


def pulled(store: MemoryStore, registry: FaultyRegistry, repository: str, image: MadeImage) -> None:
    """Have `image` in the store, as pulled from `repository`."""
    registry.add(repository, "1", image)
    pull(store, f"{registry.host}/{repository}:1")


def tag(store: MemoryStore, image: MadeImage, name: str) -> None:
    """Give an image of the store another name."""
    store.tags.set(name, image.config_digest)


@pytest.mark.parametrize(("kind", "oci"), [("gzip", False), ("gzip", True), ("zstd", True), ("", True)])
def test_what_was_pulled_keeps_its_digest(store: MemoryStore, registry: FaultyRegistry, kind: str, oci: bool) -> None:
    image = make_image([{"a": b"a"}, {"b": b"b"}], kind, oci)
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        tag(store, image, f"{other.host}/copy:v2")
        heard = push(store, f"{other.host}/copy:v2")
        assert heard.lines == [
            f"The push refers to repository [{other.host}/copy]",
            f"v2: digest: {image.digest} size: {len(image.manifest)}",
        ]
        assert heard.results == [{"Tag": "v2", "Digest": image.digest, "Size": len(image.manifest)}]
        assert other.manifests["copy", "v2"] == (image.media_type, image.manifest)
        assert other.blobs == image.blobs
        for diff_id in image.diff_ids:
            assert heard.actions(diff_id[7:19]) == ["Preparing", "Pushing", "Pushed"]
        assert store.tags.find(f"{other.host}/copy@{image.digest}") == image.config_digest
        again = push(store, f"{other.host}/copy:v2")
        assert again.actions(image.diff_ids[0][7:19]) == ["Preparing", "Layer already exists"]


def test_layers_are_mounted_from_neighbours(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "team/app", image)
    tag(store, image, f"{registry.host}/other:1")
    registry.on("HEAD", "/v2/other/blobs/", lambda request: request.error(404, "BLOB_UNKNOWN", ""))
    heard = push(store, f"{registry.host}/other:1")
    assert heard.actions(image.diff_ids[0][7:19]) == ["Preparing", "Mounted from team/app"]


def test_a_mount_that_is_not_given_becomes_an_upload(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "team/app", image)
    tag(store, image, f"{registry.host}/other:1")
    registry.on("HEAD", "/v2/other/blobs/", lambda request: request.error(404, "BLOB_UNKNOWN", ""))
    registry.repositories.clear()
    heard = push(store, f"{registry.host}/other:1")
    assert heard.actions(image.diff_ids[0][7:19]) == ["Preparing", "Pushing", "Pushed"]


def test_what_was_made_here_is_compressed_once(store: MemoryStore, registry: FaultyRegistry) -> None:
    tar = tar_of({"made": b"here"})
    config = json.dumps(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digests.of(tar)]}}
    ).encode()
    store.layers.tars[digests.of(tar)] = tar
    with store.layers.lease() as lease:
        lease.add(unpacked(tar), "")
        store.images.create(config, lease, names=[f"{registry.host}/made:1"])  # type: ignore[arg-type]
    push(store, f"{registry.host}/made:1")
    media_type, content = registry.manifests["made", "1"]
    assert media_type == manifests.DOCKER_MANIFEST
    layer = json.loads(content)["layers"][0]
    assert gzip.decompress(registry.blobs[layer["digest"]]) == tar
    assert store.layers.blob(digests.of(tar)) is not None
    registry.seen.clear()
    push(store, f"{registry.host}/made:1")
    assert registry.manifests["made", "1"] == (media_type, content)
    assert not registry.requests("/uploads/")


def unpacked(tar: bytes) -> Unpacked:
    """What a worker would say of `tar`."""
    return Unpacked("cache", digests.of(tar), len(tar), len(tar), 1, digests.of(tar), len(tar), "")


def test_all_tags(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    for name in ("a", "b"):
        tag(store, image, f"{registry.host}/copy:{name}")
    heard = push(store, f"{registry.host}/copy")
    assert [line.partition(":")[0] for line in heard.lines[1:]] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none:1", "An image does not exist locally with the tag: HOST/none"),
        ("app:9", "tag does not exist: HOST/app:9"),
        ("digested", "no tags to push for HOST/digested"),
    ],
)
def test_nothing_to_push(store: MemoryStore, registry: FaultyRegistry, name: str, message: str) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    tag(store, image, f"{registry.host}/digested@{image.digest}")
    with pytest.raises(System) as raised:
        push(store, f"{registry.host}/{name}")
    assert str(raised.value) == message.replace("HOST", registry.host)


def test_an_upload_is_tried_again(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        failed: list[str] = []

        def fail_once(request: Handler) -> bool:
            failed.append(request.path)
            if len(failed) > 1:
                return False
            request.answer(503)
            return True

        other.on("PATCH", "/v2/copy/blobs/uploads/", fail_once)
        tag(store, image, f"{other.host}/copy:1")
        heard = push(store, f"{other.host}/copy:1")
        assert "Retrying in 1 second" in heard.actions(image.diff_ids[0][7:19])
        assert other.blobs == image.blobs


def half_once(registry: FaultyRegistry, keep: int) -> None:
    """Have the registry keep `keep` bytes of the first upload that it gets, and hang up."""
    broken: list[str] = []

    def break_once(request: Handler) -> bool:
        if broken:
            return False
        broken.append(request.path)
        session = request.path.rpartition("/")[2].partition("?")[0]
        registry.uploads[session] += request.body[:keep]
        request.drop()
        return True

    registry.on("PATCH", "/v2/copy/blobs/uploads/", break_once)


@pytest.mark.parametrize("keep", [100, -1, 1 << 20])
def test_an_upload_that_broke_off_goes_on_where_it_stopped(
    store: MemoryStore, registry: FaultyRegistry, keep: int
) -> None:
    image = make_image([{"a": os.urandom(5000)}])
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        half_once(other, keep)
        came: list[int] = []

        def count(request: Handler) -> bool:
            came.append(len(request.body))
            return False

        other.on("PATCH", "/v2/copy/", count)
        tag(store, image, f"{other.host}/copy:1")
        push(store, f"{other.host}/copy:1")
        layer = max(map(len, image.blobs.values()))
        left = layer - len(bytes(layer)[:keep])
        # what is left, nothing where all had come, then the config
        assert came[:-1] == ([left] if left else [])
        assert other.blobs == image.blobs
        assert not other.uploads


@pytest.mark.parametrize("said", ["", "0-0", "5-9", "0-99999999", "0-x", "bytes 0-5"])
@pytest.mark.parametrize("status", [200, 204, 404])
def test_an_upload_begins_anew_where_the_registry_does_not_know(
    store: MemoryStore, registry: FaultyRegistry, status: int, said: str
) -> None:
    image = make_image([{"a": os.urandom(5000)}])
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        half_once(other, 100)
        other.on("GET", "/v2/copy/blobs/uploads/", lambda request: request.answer(status, b"", {"Range": said}))
        tag(store, image, f"{other.host}/copy:1")
        push(store, f"{other.host}/copy:1")
        assert other.blobs == image.blobs
        assert not other.uploads


def test_an_upload_begins_anew_where_the_registry_said_what_is_not_so(
    store: MemoryStore, registry: FaultyRegistry
) -> None:
    image = make_image([{"a": os.urandom(5000)}])
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        half_once(other, 100)
        other.on("GET", "/v2/copy/blobs/uploads/", lambda request: request.answer(204, b"", {"Range": "0-199"}))
        tag(store, image, f"{other.host}/copy:1")
        push(store, f"{other.host}/copy:1")
        assert other.blobs == image.blobs
        assert not other.uploads


def test_an_upload_whose_end_was_not_heard_is_done(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:

        def close_and_go(request: Handler) -> bool:
            digest = request.path.rpartition("digest=")[2]
            session = request.path.rpartition("/")[2].partition("?")[0]
            if digest in image.config_digest or digest in other.blobs:
                return False
            other.blobs[digest] = bytes(other.uploads.pop(session))
            request.drop()
            return True

        other.on("PUT", "/v2/copy/blobs/uploads/", close_and_go)
        tag(store, image, f"{other.host}/copy:1")
        push(store, f"{other.host}/copy:1")
        assert other.blobs == image.blobs
        assert len(other.requests("PATCH")) == len(image.blobs)


@pytest.mark.parametrize("stage", ["HEAD", "POST", "PATCH", "PUT"])
def test_refusals_are_told(store: MemoryStore, registry: FaultyRegistry, stage: str) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        other.on(stage, "/v2/copy/", lambda request: request.error(403, "DENIED", "not yours"))
        tag(store, image, f"{other.host}/copy:1")
        with pytest.raises(PydockError, match="denied"):
            push(store, f"{other.host}/copy:1")
        assert ("copy", "1") not in other.manifests
        assert not other.uploads  # what was begun has been taken back


@pytest.mark.parametrize("location", ["file:///etc/passwd", "", "gopher://x/", "relative/path"])
def test_uploads_sent_elsewhere(store: MemoryStore, registry: FaultyRegistry, location: str) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        other.on("POST", "/v2/copy/blobs/", lambda request: request.answer(202, b"", {"Location": location}))
        tag(store, image, f"{other.host}/copy:1")
        with pytest.raises(PydockError):
            push(store, f"{other.host}/copy:1")


def test_credentials_stay_when_an_upload_goes_elsewhere(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other, FaultyRegistry() as storage:
        other.user = ("me", "secret")
        storage.uploads["there"] = bytearray()
        elsewhere = f"{storage.url}/v2/copy/blobs/uploads/there"
        other.on("POST", "/v2/copy/blobs/", lambda request: request.answer(202, b"", {"Location": elsewhere}))
        tag(store, image, f"{other.host}/copy:1")
        with pytest.raises(PydockError):
            push(store, f"{other.host}/copy:1", Credentials("me", "secret"))
        assert storage.seen
        assert all(sent == "" for _, sent in storage.seen)


def test_cancel_ends_an_upload(store: MemoryStore, registry: FaultyRegistry) -> None:
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        reached, release = threading.Event(), threading.Event()

        def stall(request: Handler) -> None:
            reached.set()
            release.wait(60)

        other.on("PATCH", "/v2/copy/", stall)
        tag(store, image, f"{other.host}/copy:1")
        cancellation = Cancellation()
        raised: list[BaseException] = []

        def run() -> None:
            try:
                push(store, f"{other.host}/copy:1", cancellation=cancellation)
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        assert reached.wait(30)
        cancellation.cancel()
        thread.join(30)
        release.set()
        assert isinstance(raised[0], Cancelled)


@pytest.mark.parametrize("times", [1, 9])
def test_a_token_that_runs_out_while_a_layer_goes(store: MemoryStore, registry: FaultyRegistry, times: int) -> None:
    """It is renewed, and the layer sent again at once; a registry that goes on refusing is not asked for ever."""
    image = make_image()
    pulled(store, registry, "app", image)
    with FaultyRegistry() as other:
        other.token_server = f"{other.url}/token"
        left = [times]

        def run_out(request: Handler) -> bool:
            left[0] -= 1
            if left[0] >= 0:
                scheme = f'Bearer realm="{other.token_server}",service="here",error="invalid_token"'
                request.error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": scheme})
            return left[0] >= 0

        other.on("PATCH", "/v2/copy/blobs/uploads/", run_out)
        tag(store, image, f"{other.host}/copy:1")
        if times == 1:
            heard = push(store, f"{other.host}/copy:1")
            assert {action for diff_id in image.diff_ids for action in heard.actions(diff_id[7:19])} == {
                "Preparing", "Pushing", "Pushed",
            }  # fmt: skip
            assert other.blobs == image.blobs
            assert len(other.requests("/token")) >= 2
        else:
            with pytest.raises(PydockError, match="authentication required"):
                push(store, f"{other.host}/copy:1")
            assert left[0] > 0
