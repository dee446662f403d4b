"""Answers of registries that mean harm, or make little sense: what pulls make of them."""

import contextlib
import json

import pytest

from pydock.errors import InvalidParameter, PydockError
from pydock.imagestore.registry.faults import Unreachable
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry, Handler
from tests.unit.imagestore.registry.made_images import make_image
from tests.unit.imagestore.registry.memory_store import MemoryStore
from tests.unit.imagestore.registry.test_pull import pull


def test_tags_that_are_none_are_passed_over(store: MemoryStore, registry: FaultyRegistry) -> None:
    registry.add("app", "a", make_image())
    listed = json.dumps({"tags": [1, "x" * 129, "a", None, "y" * (1 << 20)]}).encode()
    registry.on("GET", "/v2/app/tags/list", lambda request: request.answer(200, listed))
    pull(store, f"{registry.host}/app")
    assert [name for name in store.tags.all() if "@" not in name] == [f"{registry.host}/app:a"]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ],
)
def test_urls_of_layers_are_not_followed(store: MemoryStore, registry: FaultyRegistry, media_type: str) -> None:
    image = make_image(oci="oci" in media_type)
    manifest = json.loads(image.manifest)
    with FaultyRegistry() as elsewhere:
        elsewhere.blobs |= image.blobs
        for layer in manifest["layers"]:
            layer["mediaType"] = media_type
            layer["urls"] = [f"{elsewhere.url}/v2/app/blobs/{layer['digest']}", "file:///etc/passwd"]
        registry.add("app", "1", image)
        registry.add_manifest("app", "1", json.dumps(manifest).encode(), image.media_type)
        pull(store, f"{registry.host}/app:1")
        assert not elsewhere.seen
    assert store.images.get(image.config_digest) is not None


def test_of_two_keys_of_a_name_the_last_counts(store: MemoryStore, registry: FaultyRegistry) -> None:
    """As in Docker: what was checked is what is used."""
    image = make_image()
    registry.add("app", "1", image)
    twice = image.manifest.decode().replace('"layers"', '"layers": [{"digest": "x"}], "layers"', 1).encode()
    registry.add_manifest("app", "1", twice, image.media_type)
    pull(store, f"{registry.host}/app:1")
    assert store.images.get(image.config_digest) is not None


@pytest.mark.parametrize("content", [b'{"schemaVersion": 2, "layers": [%s{}]}', b'{"tags": [%s{}]}'])
def test_json_that_would_take_all_memory(store: MemoryStore, registry: FaultyRegistry, content: bytes) -> None:
    bomb = content % (b"{}," * 400_000)
    registry.on("GET", "/v2/app/tags/list", lambda request: request.answer(200, bomb))
    registry.add_manifest("app", "1", bomb, "application/vnd.docker.distribution.manifest.v2+json")
    for name in ("app", "app:1"):
        with pytest.raises(InvalidParameter, match="more than 300000 values"):
            pull(store, f"{registry.host}/{name}")


def test_heads_that_only_say_continue_are_not_read_for_ever(store: MemoryStore, registry: FaultyRegistry) -> None:
    def go_on(request: Handler) -> None:
        with contextlib.suppress(OSError):
            while True:
                request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    registry.on("HEAD", "/v2/app/manifests/1", go_on)
    registry.on("GET", "/v2/app/manifests/1", go_on)
    with pytest.raises(Unreachable, match="too many 1xx informational responses"):
        pull(store, f"{registry.host}/app:1")


@pytest.mark.parametrize("status", [200, 400])
def test_nothing_that_a_registry_says_moves_the_terminal(
    store: MemoryStore, registry: FaultyRegistry, status: int
) -> None:
    """Nor by one of the second set of control characters, of which JSON's escapes know nothing."""
    image = make_image()
    body = image.manifest if status == 200 else "no JSON: \x9b31m\x1b[31m\x7f".encode()
    kind = "application/\x1b[31m" if status == 200 else "application/json"
    registry.on("GET", "/v2/app/manifests/1", lambda request: request.answer(status, body, {"Content-Type": kind}))
    with pytest.raises(PydockError) as raised:
        pull(store, f"{registry.host}/app:1")
    assert raised.value.message.isprintable(), raised.value.message
