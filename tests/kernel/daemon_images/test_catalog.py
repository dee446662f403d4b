"""Listing, inspecting, tagging images, and what they take; the same after a restart."""

from pathlib import Path

import pytest

from pydock.daemon.images.listing import ListOptions
from pydock.daemon.images.users import ImageUse
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import platforms
from pydock.runtime.zygote_process import Zygote
from tests.kernel.daemon_images.image_archives import Made, digest, docker_archive, layer
from tests.kernel.daemon_images.image_engine import ImageEngine

BASE, TOP, OTHER = layer(base="1"), layer(top="22"), layer(other="333")
ONE = Made((BASE, TOP), ("repo/one:1", "host:5000/one:2"), {"created": "2024-01-01T00:00:00Z"})
TWO = Made(
    (BASE, OTHER),
    ("two:latest",),
    {"created": "2023-01-01T00:00:00Z", "config": {"Labels": {"a": "b"}}, "author": "me", "comment": "said"},
)
NAMELESS = Made((BASE,), (), {"created": "2022-01-01T00:00:00Z"})


@pytest.fixture
def full(engine: ImageEngine) -> ImageEngine:
    """An engine with three images."""
    engine.load(docker_archive(ONE, TWO, NAMELESS))
    engine.events.told.clear()
    return engine


def ids(rows: list[dict[str, object]]) -> list[object]:
    return [row["Id"] for row in rows]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [ONE, TWO, NAMELESS]),
        ({"dangling": ["true"]}, [NAMELESS]),
        ({"dangling": ["false"]}, [ONE, TWO]),
        ({"label": ["a"]}, [TWO]),
        ({"label": ["a=b"]}, [TWO]),
        ({"label": ["a=c"]}, []),
        ({"before": ["repo/one:1"]}, [TWO, NAMELESS]),
        ({"since": ["two"]}, [ONE]),
        ({"since": [NAMELESS.id], "before": [ONE.id]}, [TWO]),
        ({"until": ["2023-06-01"]}, [TWO, NAMELESS]),
        ({"reference": ["repo/*"]}, [ONE]),
        ({"reference": ["*"]}, [TWO]),
        ({"reference": ["*:latest"]}, [TWO]),
        ({"reference": ["host:5000/one", "two"]}, [ONE, TWO]),
        ({"reference": ["nosuch"]}, []),
    ],
    ids=str,
)
def test_filters(full: ImageEngine, filters: dict[str, list[str]], found: list[Made]) -> None:
    assert ids(full.listed(**filters)) == [image.id for image in found]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"nosuch": ["x"]}, "invalid filter 'nosuch'"),
        ({"dangling": ["perhaps"]}, r"invalid filter 'dangling=\[perhaps\]'"),
        ({"until": ["x"]}, 'failed to parse value as time or duration: "x"'),
        ({"reference": ["[a"]}, "syntax error in pattern"),
    ],
)
def test_filters_that_are_none(full: ImageEngine, filters: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        full.listed(**filters)


def test_a_filter_by_name_shows_no_other_names(full: ImageEngine) -> None:
    assert full.listed(reference=["repo/one"])[0]["RepoTags"] == ["repo/one:1"]


def test_shared_sizes_and_disk_usage(full: ImageEngine) -> None:
    rows = full.catalog.select(ListOptions({}, shared_size=True))
    assert [(row["Size"], row["SharedSize"]) for row in rows] == [(3, 1), (4, 1), (1, 1)]
    full.users.uses.append(ImageUse("c" * 64, TWO.id, False))
    usage = full.catalog.disk_usage()
    assert usage["LayersSize"] == 6
    assert [row["Containers"] for row in usage["Images"]] == [0, 1, 0]


def test_inspect(full: ImageEngine) -> None:
    shown = full.catalog.inspect("two")
    assert shown["RepoTags"] == ["two:latest"]
    assert (shown["Author"], shown["Comment"], shown["Created"]) == ("me", "said", "2023-01-01T00:00:00Z")
    assert shown["RootFS"] == {"Type": "layers", "Layers": [digest(BASE), digest(OTHER)]}
    assert shown["Config"] == {
        "Cmd": None, "Entrypoint": None, "Env": None, "Labels": {"a": "b"}, "OnBuild": None, "User": "",
        "Volumes": None, "WorkingDir": "",
    }  # fmt: skip
    assert Path(shown["GraphDriver"]["Data"]["UpperDir"], "other").read_text() == "333"
    assert shown["Metadata"] == {"LastTagTime": "0001-01-01T00:00:00Z"}  # what came with names was not tagged here


def test_only_a_tag_changes_when_an_image_was_tagged_last(full: ImageEngine) -> None:
    full.catalog.tag("two", "three")
    tagged = full.catalog.inspect("two")["Metadata"]
    assert tagged["LastTagTime"] > "2024"
    full.removal.remove("three")
    assert full.catalog.inspect("two")["Metadata"] == tagged


def test_finding(full: ImageEngine) -> None:
    for reference in ("two", "two:latest", "docker.io/library/two", TWO.id, TWO.id[7:], TWO.id[:15], TWO.id[7:15]):
        assert full.catalog.resolve(reference).id == TWO.id
    for reference, message in (
        ("nosuch", "No such image: nosuch:latest"),
        ("sha256:" + "0" * 64, "No such image: sha256:" + "0" * 64),
        (f"two@{digest(b'')}", f"No such image: two@{digest(b'')}"),
    ):
        with pytest.raises(NotFound, match=message):
            full.catalog.resolve(reference)
    with pytest.raises(InvalidParameter, match=r"repository name \(library/UPPER\) must be lowercase"):
        full.catalog.resolve("UPPER")
    with pytest.raises(NotFound, match=r"its platform \(linux/amd64\) does not match the specified platform"):
        full.catalog.resolve("two", platforms.parse("linux/riscv64"))
    assert full.catalog.resolve("two", platforms.parse("linux/amd64")).id == TWO.id


def test_a_tag_moves(full: ImageEngine) -> None:
    full.catalog.tag("two", "repo/one", "1")
    assert full.catalog.names(ONE.id) == ["host:5000/one:2"]
    assert full.catalog.names(TWO.id) == ["two:latest", "repo/one:1"]
    assert full.events.told == [("image", "tag", TWO.id, {"a": "b", "name": "repo/one:1"})]
    for repository, tag in (("sha256", ""), ("x", "-"), (f"x@{digest(b'')}", ""), ("A", "")):
        with pytest.raises(InvalidParameter):
            full.catalog.tag("two", repository, tag)


def test_history(full: ImageEngine) -> None:
    rows = full.catalog.history("repo/one:1")
    assert [(row["Id"], row["Size"], row["Tags"]) for row in rows] == [
        (ONE.id, 2, ["repo/one:1", "host:5000/one:2"]),
        ("<missing>", 1, None),
    ]


def test_all_is_there_after_a_restart(full: ImageEngine, image_zygote: Zygote) -> None:
    full.catalog.tag("two", "three")
    before = full.catalog.select(ListOptions({}, shared_size=True))
    shown = full.catalog.inspect("two")
    full.close()
    again = ImageEngine(full.root, image_zygote)
    try:
        assert again.catalog.select(ListOptions({}, shared_size=True)) == before
        assert again.catalog.inspect("two") == shown
        again.removal.prune({"dangling": ["false"]})
        assert again.directories() == []
    finally:
        again.close()


def test_many_images_are_listed_at_once(engine: ImageEngine) -> None:
    images = [Made((BASE,), (f"many/{n}:1",), {"author": str(n)}) for n in range(300)]
    engine.load(docker_archive(*images))
    assert len(engine.listed()) == 300
    assert len(engine.directories()) == 1
