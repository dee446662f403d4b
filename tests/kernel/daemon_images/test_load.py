"""Loading archives through a real store: every format that is known, and all or nothing for what is not sound."""

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pydock.errors import InvalidParameter
from pydock.imagestore import digest as digests
from pydock.imagestore import platforms
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from tests.kernel.daemon_images.image_archives import (
    Layout,
    Made,
    digest,
    docker_archive,
    docker_members,
    layer,
    named,
    platform,
    sha,
    special,
    tar,
)
from tests.kernel.daemon_images.image_engine import ImageEngine, run

BASE, TOP, OTHER = layer(base="1"), layer(top="2"), layer(other="3")
ONE = Made((BASE, TOP), ("one:1",))
TWO = Made((BASE, OTHER), ("two:1", "host:5000/two:2"))
ZSTD = zstandard.ZstdCompressor()


def content(engine: ImageEngine, reference: str) -> dict[str, str]:
    """The files of an image."""
    image = engine.catalog.resolve(reference)
    found = {}
    for one in engine.store.layers.chain(image.chain_id)[::-1]:
        for path in engine.store.layers.diff_path(one).iterdir():
            found[path.name] = path.read_text()
    return found


def test_images_share_their_layers(engine: ImageEngine) -> None:
    assert engine.loaded(docker_archive(ONE, TWO)) == [
        "Loaded image: one:1",
        "Loaded image: two:1",
        "Loaded image: host:5000/two:2",
    ]
    assert len(engine.directories()) == 3
    assert content(engine, "two:1") == {"base": "1", "other": "3"}
    assert engine.catalog.resolve("one:1").id == ONE.id
    assert engine.events.actions() == ["load", "load"]


def test_configs_are_hashed_once_for_each_image(engine: ImageEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of hundreds of images took as many hashes of each config."""
    hashed: list[bytes] = []

    def counted(data: bytes) -> str:
        hashed.append(data)
        return digest(data)

    monkeypatch.setattr(digests, "of", counted)
    engine.load(docker_archive(*(Made((BASE,), extra={"author": str(number)}) for number in range(20))))
    assert len(hashed) < 100


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, ZSTD.compress])
def test_an_archive_may_be_compressed(engine: ImageEngine, compress: Callable[[bytes], bytes]) -> None:
    assert engine.loaded(compress(docker_archive(ONE))) == ["Loaded image: one:1"]
    assert content(engine, "one:1") == {"base": "1", "top": "2"}


@pytest.mark.parametrize("compress", [gzip.compress, ZSTD.compress])
def test_layers_may_be_compressed(engine: ImageEngine, compress: Callable[[bytes], bytes]) -> None:
    layout = Layout()
    packed = [compress(data) for data in ONE.layers]
    archive = layout.archive(layout.image(ONE, packed, **named("docker.io/library/one:1")))
    assert engine.loaded(archive) == ["Loaded image: one:1"]
    assert engine.catalog.resolve("one:1").diff_ids == (digest(BASE), digest(TOP))


def test_a_second_load_unpacks_nothing_and_tells_of_the_name_that_moves(engine: ImageEngine) -> None:
    engine.load(docker_archive(ONE))
    before = engine.directories()
    assert engine.loaded(docker_archive(ONE)) == ["Loaded image: one:1"]
    moved = Made((BASE, OTHER), ("one:1",))
    assert engine.loaded(docker_archive(moved)) == [
        f"The image one:1 already exists, renaming the old one with ID {ONE.id} to empty string",
        "Loaded image: one:1",
    ]
    assert set(before) < set(engine.directories())
    assert engine.names() == {"docker.io/library/one:1": moved.id}


def test_the_same_layer_in_several_places(engine: ImageEngine) -> None:
    twice = Made((BASE, TOP, BASE), ("twice:1",))
    alone = Made((TOP, BASE), ("alone:1",))
    engine.load(docker_archive(twice, alone))
    assert len(engine.directories()) == 5
    engine.load(docker_archive(Made((OTHER, TOP), ("later:1",))))
    assert content(engine, "later:1") == {"other": "3", "top": "2"}
    assert len(engine.directories()) == 7


def test_an_image_without_names_is_told_by_its_id(engine: ImageEngine) -> None:
    image = Made((BASE,))
    assert engine.loaded(docker_archive(image)) == [f"Loaded image ID: {image.id}"]


def test_an_image_without_layers(engine: ImageEngine) -> None:
    engine.load(docker_archive(Made((), ("none:1",))))
    shown = engine.catalog.inspect("none:1")
    assert shown["RootFS"] == {"Type": "layers"}
    assert shown["Size"] == 0


def test_progress_names_layers_and_ends_whole(engine: ImageEngine) -> None:
    messages = [m for m in engine.load(docker_archive(ONE), quiet=False) if m.get("status") == "Loading layer"]
    last = {message["id"]: message["progressDetail"] for message in messages}
    assert last == {sha(data)[:12]: {"current": len(data), "total": len(data)} for data in ONE.layers}


def test_links_in_the_archive_are_followed(engine: ImageEngine) -> None:
    files = docker_members(ONE)
    plain = {f"{sha(data)}.tar": data for data in ONE.layers}
    links = [special(f"{sha(data)}/layer.tar", tarfile.SYMTYPE, f"../{sha(data)}.tar") for data in ONE.layers]
    config = special("copy.json", tarfile.LNKTYPE, f"./{sha(ONE.config)}.json")
    manifest = json.loads(files["manifest.json"])
    manifest[0]["Config"] = "copy.json"
    members = [*plain.items(), *links, (f"{sha(ONE.config)}.json", ONE.config), config]
    engine.load(tar([*members, ("./manifest.json", json.dumps(manifest).encode())]))
    assert content(engine, "one:1") == {"base": "1", "top": "2"}


def test_an_archive_of_the_oldest_format(engine: ImageEngine) -> None:
    low, high = "a" * 64, "b" * 64
    archive = tar(
        [
            (f"{low}/VERSION", b"1.0"),
            (f"{low}/json", json.dumps({"id": low, "created": "2015-01-01T00:00:00Z"}).encode()),
            (f"{low}/layer.tar", BASE),
            (f"{high}/json", json.dumps({"id": high, "parent": low, "os": "linux", "config": {"Cmd": ["x"]}}).encode()),
            (f"{high}/layer.tar", TOP),
            ("repositories", json.dumps({"old": {"1": high}}).encode()),
        ]
    )
    assert engine.loaded(archive) == ["Loaded image: old:1"]
    assert engine.catalog.inspect("old:1")["Config"]["Cmd"] == ["x"]
    assert engine.catalog.resolve("old:1").diff_ids == (digest(BASE), digest(TOP))


def test_an_index_gives_what_suits_this_machine_or_what_is_wanted(engine: ImageEngine) -> None:
    here = platforms.host().architecture
    mine = Made((BASE,), extra={"architecture": here})
    foreign = Made((OTHER,), extra={"architecture": "riscv64"})
    layout = Layout()
    attestation = layout.image(Made((TOP,)), **platform("unknown"), annotations={"vnd.docker.reference.type": "x"})
    inner = layout.index(
        layout.image(foreign, **platform("riscv64")), layout.image(mine, **platform(here)), attestation
    )
    missing = {**inner, "digest": "sha256:" + "0" * 64}
    archive = layout.archive(layout.index(inner, missing, **named("docker.io/library/many:1")))
    assert engine.loaded(archive) == ["Loaded image: many:1"]
    assert engine.catalog.resolve("many:1").id == mine.id
    engine.load(archive, platform=platforms.parse("linux/riscv64"))
    assert engine.catalog.resolve("many:1").id == foreign.id


def test_of_several_that_would_do_the_best_is_loaded(engine: ImageEngine) -> None:
    old = Made((OTHER,), extra={"architecture": "arm", "variant": "v7"})
    new = Made((BASE,), extra={"architecture": "arm64"})
    layout = Layout()
    inner = layout.index(layout.image(old, **platform("arm")), layout.image(new, **platform("arm64")))
    archive = layout.archive({**inner, **named("docker.io/library/many:1")})
    engine.load(archive, platform=platforms.parse("linux/arm64"))
    assert engine.catalog.resolve("many:1").id == new.id


def test_a_bare_tag_in_a_layout_is_no_name(engine: ImageEngine) -> None:
    layout = Layout()
    bare = layout.image(ONE, annotations={"org.opencontainers.image.ref.name": "latest"})
    assert engine.loaded(layout.archive(bare)) == [f"Loaded image ID: {ONE.id}"]
    whole = layout.image(ONE, annotations={"org.opencontainers.image.ref.name": "localhost/one:2"})
    assert engine.loaded(layout.archive(whole)) == ["Loaded image: localhost/one:2"]


def test_another_platform_loads_nothing(engine: ImageEngine) -> None:
    assert engine.load(docker_archive(ONE), platform=platforms.parse("linux/riscv64")) == [{}]
    assert engine.names() == {}


def test_a_client_that_left_gets_nothing(engine: ImageEngine, tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(docker_archive(ONE))
    gone = Cancellation()
    gone.cancel()
    descriptor = os.open(path, os.O_RDONLY)
    with pytest.raises(Cancelled):
        run(engine.services.loads.begin(descriptor, True, None), gone)
    os.close(descriptor)
    assert engine.directories() == []


def changed(**changes: Any) -> bytes:
    """The archive of two sound images, with some of its files replaced (None: missing)."""
    files: dict[str, Any] = {**docker_members(ONE, TWO), **changes}
    return tar((name, data) for name, data in files.items() if data is not None)


def manifest(**fields: Any) -> dict[str, bytes]:
    """A manifest.json whose second image has some fields replaced."""
    items = json.loads(docker_members(ONE, TWO)["manifest.json"])
    items[1].update(fields)
    return {"manifest.json": json.dumps(items).encode()}


def config(image: Made) -> dict[str, bytes]:
    """Another config for the second image, under its own name."""
    return {f"{sha(image.config)}.json": image.config, **manifest(Config=f"{sha(image.config)}.json")}


def with_config(**fields: Any) -> bytes:
    return changed(**config(Made((BASE, OTHER), extra=fields)))


def oci(change: Callable[[Layout, dict[str, Any]], dict[str, Any]]) -> bytes:
    """An OCI layout whose only entry has been changed."""
    layout = Layout()
    return layout.archive(change(layout, layout.image(ONE, **named("docker.io/library/one:1"))))


def broken_blob(layout: Layout, entry: dict[str, Any]) -> dict[str, Any]:
    layout.files[f"blobs/sha256/{sha(TOP)}"] = OTHER
    return entry


def nested(layout: Layout, entry: dict[str, Any]) -> dict[str, Any]:
    for _ in range(8):
        entry = layout.index(entry)
    return entry


def other_size(layout: Layout, entry: dict[str, Any], difference: int) -> dict[str, Any]:
    """The layout whose manifest says another size of its topmost layer."""
    value = json.loads(layout.files[f"blobs/sha256/{entry['digest'][7:]}"])
    value["layers"][-1]["size"] += difference
    return {**entry, **layout.blob(json.dumps(value).encode(), entry["mediaType"])}


def header(kind: bytes, content: bytes) -> bytes:
    """A header that is about the next one."""
    info = tarfile.TarInfo("special")
    info.type, info.size = kind, len(content)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def sized(size: int, kind: bytes = b"0") -> bytes:
    """The header of a file of `size` bytes, which may be negative: base-256, as GNU tar writes it."""
    block = bytearray(tarfile.TarInfo("f").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (size & (1 << 95) - 1 | 1 << 95).to_bytes(12, "big")
    block[156:157] = kind
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    return bytes(block)


DEEP = b"[" * 100_000
HOSTILE = {
    "no image at all": tar([("README", b"hello")]),
    "no tar at all": b"x" * 5000,
    "empty": b"",
    "cut in a header": docker_archive(ONE)[:700],
    "cut in a layer": docker_archive(ONE)[:-12_000],
    "cut in its compression": gzip.compress(docker_archive(ONE))[:-20],
    "manifest that is null": changed(**{"manifest.json": b"null"}),
    "manifest that is no list": changed(**{"manifest.json": b"{}"}),
    "manifest that is no JSON": changed(**{"manifest.json": b"[{"}),
    "manifest too deep": changed(**{"manifest.json": DEEP}),
    "manifest too long": changed(**{"manifest.json": b"[" + b" " * (9 << 20) + b"]"}),
    "config that is missing": changed(**manifest(Config="nosuch.json")),
    "config outside": changed(**manifest(Config="../../etc/passwd")),
    "config of another digest": changed(**{f"{sha(TWO.config)}.json": TWO.config + b" "}),
    "config without rootfs": with_config(rootfs=None),
    "config of wrong types": with_config(config={"Env": {"a": "b"}}),
    "config with wrong labels": with_config(config={"Labels": {"a": 1}}),
    "config with diff IDs that are none": with_config(rootfs={"type": "layers", "diff_ids": ["../x", "y"]}),
    "config with wrong diff IDs": with_config(rootfs={"type": "layers", "diff_ids": [digest(BASE), digest(TOP)]}),
    "config with too many layers": with_config(rootfs={"type": "layers", "diff_ids": [digest(BASE)] * 200}),
    "config with too long a history": with_config(history=[{}] * 5),
    "config for windows": with_config(os="windows"),
    "config made at no time": with_config(created="yesterday"),
    "config with a step at no time": with_config(history=[{"created": "2024-13-01T00:00:00Z"}]),
    "layer that is missing": changed(**{f"{sha(OTHER)}/layer.tar": None}),
    "layer of another digest": changed(**{f"{sha(OTHER)}/layer.tar": TOP}),
    "layer that is no tar": changed(**{f"{sha(OTHER)}/layer.tar": b"y" * 4096}),
    "layer that is cut": changed(**{f"{sha(OTHER)}/layer.tar": OTHER[:700]}),
    "fewer layers than the config has": changed(**manifest(Layers=[f"{sha(BASE)}/layer.tar"])),
    "name that is none": changed(**manifest(RepoTags=["two:1", "UPPER:1"])),
    "name without a tag": changed(**manifest(RepoTags=["two"])),
    "name with a digest": changed(**manifest(RepoTags=[f"two@{digest(b'')}"])),
    "layers of a wrong type": changed(**manifest(Layers="x")),
    "FIFO": tar([*docker_members(ONE).items(), special("fifo", tarfile.FIFOTYPE)]),
    "device": tar([*docker_members(ONE).items(), special("device", tarfile.CHRTYPE)]),
    "absolute name": tar([*docker_members(ONE).items(), ("/etc/x", b"")]),
    "name outside": tar([*docker_members(ONE).items(), ("a/../../x", b"")]),
    "absolute link": tar([*docker_members(ONE).items(), special("l", tarfile.SYMTYPE, "/etc/passwd")]),
    "link outside": tar([*docker_members(ONE).items(), special("l", tarfile.SYMTYPE, "../x")]),
    "hard link outside": tar([*docker_members(ONE).items(), special("l", tarfile.LNKTYPE, "/etc/passwd")]),
    "links in a ring": tar(
        [special("manifest.json", tarfile.SYMTYPE, "b"), special("b", tarfile.SYMTYPE, "manifest.json")]
    ),
    "blob of another digest": oci(broken_blob),
    "descriptor of another size": oci(lambda layout, entry: {**entry, "size": 1}),
    "descriptor without a digest": oci(lambda layout, entry: {**entry, "digest": "sha256:../../x"}),
    "indexes nested too deep": oci(nested),
    "manifest of too many values": changed(**{"manifest.json": b"[" + b"[]," * 400_000 + b"[]]"}),
    "config of too many values": with_config(x=[{}] * 400_000),
    "index that is none": tar([("index.json", b"[]")]),
    "layer that is longer than declared": oci(lambda layout, entry: other_size(layout, entry, -1)),
    "layer that is shorter than declared": oci(lambda layout, entry: other_size(layout, entry, 1)),
    "size that is negative": sized(-512) + docker_archive(ONE),
    "size beyond all bounds": sized(1 << 80) + docker_archive(ONE),
    "size beyond what comes": sized(1 << 40) + docker_archive(ONE),
    "headers without end": header(b"x", b"12 a=bcdefg\n") * 65 + docker_archive(ONE),
    "header of a wrong size": sized(-1, b"x") + docker_archive(ONE),
    "PAX path with a NUL": header(b"x", b"13 path=a\0bc\n") + docker_archive(ONE),
    "PAX size that is negative": header(b"x", b"11 size=-1\n") + docker_archive(ONE),
    "name that is too long": header(b"L", b"n" * 5000) + docker_archive(ONE),
    "names that take too much": gzip.compress(
        b"".join(header(b"L", b"%04096d" % number) + tarfile.TarInfo("f").tobuf() for number in range(17_000)), 1
    ),
}


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_sound_leaves_nothing(engine: ImageEngine, archive: bytes) -> None:
    with pytest.raises(InvalidParameter) as refused:
        engine.load(archive)
    assert len(refused.value.message) < 500
    assert engine.catalog.count() == 0
    assert engine.names() == {}
    assert engine.directories() == []
    assert engine.events.told == []


@pytest.mark.parametrize("layers", [(BASE, b"", TOP), (b"", b"")], ids=["between", "alone"])
def test_a_layer_of_no_bytes_at_all(engine: ImageEngine, layers: tuple[bytes, ...]) -> None:
    image = Made(layers, ("hollow:1",))
    assert engine.loaded(docker_archive(image)) == ["Loaded image: hollow:1"]
    saved = engine.saved("hollow:1")
    engine.removal.remove("hollow:1")
    assert engine.loaded(saved) == ["Loaded image: hollow:1"]
    assert engine.listed()[0]["Id"] == image.id


def test_half_of_a_surrogate_pair_is_the_replacement_character(engine: ImageEngine) -> None:
    image = Made((BASE, OTHER), extra={"config": {"Labels": {"a": "x\ud800y", "b\udfff": "\ud83d\ude00"}}})
    engine.load(docker_archive(image))
    assert engine.listed()[0]["Labels"] == {"a": "x\ufffdy", "b\ufffd": "\U0001f600"}


def test_what_is_said_of_a_layer_is_no_command_to_a_terminal(engine: ImageEngine) -> None:
    files = docker_members(ONE)
    files["\x1b[2J\nlayer"] = files.pop(f"{sha(BASE)}/layer.tar")
    manifest = json.loads(files.pop("manifest.json"))
    manifest[0]["Layers"][0] = "\x1b[2J\nlayer"
    files["manifest.json"] = json.dumps(manifest).encode()
    messages = engine.load(tar(files.items()), quiet=False)
    assert engine.names() == {"docker.io/library/one:1": ONE.id}
    assert {message["id"] for message in messages if "id" in message} == {"[2Jlayer", sha(TOP)[:12]}


def test_the_last_of_two_members_or_keys_of_a_name_counts(engine: ImageEngine) -> None:
    files = docker_members(ONE)
    text = files.pop("manifest.json").decode()
    twice = text.replace("[{", '[{"Config": "nosuch.json", "RepoTags": ["nosuch:1"], ', 1)
    assert engine.loaded(tar([("manifest.json", b"null"), *files.items(), ("manifest.json", twice.encode())])) == [
        "Loaded image: one:1"
    ]


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")
@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive"])
def test_what_skopeo_writes(engine: ImageEngine, tmp_path: Path, transport: str) -> None:
    source, target = tmp_path / "source.tar", tmp_path / "target.tar"
    source.write_bytes(docker_archive(ONE))
    subprocess.run(
        ["skopeo", "copy", "-q", f"docker-archive:{source}", f"{transport}:{target}:other/name:3"], check=True
    )
    assert engine.loaded(target.read_bytes()) == ["Loaded image: other/name:3"]
    assert content(engine, "other/name:3") == {"base": "1", "top": "2"}
