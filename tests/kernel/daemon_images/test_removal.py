"""Removing images: names, IDs, what forbids it in Docker's words, and prune."""

from typing import Any

import pytest

from pydock.daemon.images.users import ImageUse
from pydock.errors import Conflict, InvalidParameter, NotFound
from tests.kernel.daemon_images.image_archives import Made, digest, docker_archive, layer
from tests.kernel.daemon_images.image_engine import ImageEngine

BASE, TOP, OTHER = layer(base="1"), layer(top="2"), layer(other="3")
OLD = {"created": "2020-01-01T00:00:00Z"}
ONE = Made((BASE, TOP), ("one:1", "one:2"))
TWO = Made((BASE, OTHER), ("two:1",), {"config": {"Labels": {"keep": "yes", "a": "b"}}, **OLD})
NAMELESS = Made((BASE,))


@pytest.fixture
def full(engine: ImageEngine) -> ImageEngine:
    """An engine with three images."""
    engine.load(docker_archive(ONE, TWO, NAMELESS))
    engine.events.told.clear()
    return engine


def short(image: Made) -> str:
    return image.id[7:19]


def use(engine: ImageEngine, image: Made, running: bool) -> None:
    engine.users.uses.append(ImageUse("c" * 64, image.id, running))


def test_the_last_name_takes_the_image_along(full: ImageEngine) -> None:
    assert full.removal.remove("one:1") == [{"Untagged": "one:1"}]
    top = full.catalog.resolve("one:2").chain_id
    assert full.removal.remove("one:2") == [{"Untagged": "one:2"}, {"Deleted": ONE.id}, {"Deleted": top}]
    assert full.events.actions() == ["untag", "untag", "delete"]
    with pytest.raises(NotFound, match="No such image: one:2"):
        full.removal.remove("one:2")
    assert len(full.directories()) == 2


def test_by_id(full: ImageEngine) -> None:
    with pytest.raises(Conflict) as conflict:
        full.removal.remove(short(ONE))
    assert conflict.value.message == (
        f"conflict: unable to delete {short(ONE)} (must be forced) - image is referenced in multiple repositories"
    )
    assert [next(iter(record)) for record in full.removal.remove(short(TWO))] == ["Untagged", "Deleted", "Deleted"]
    assert [next(iter(record)) for record in full.removal.remove(ONE.id, force=True)] == [
        "Untagged", "Untagged", "Deleted", "Deleted",
    ]  # fmt: skip
    full.removal.remove(short(NAMELESS)[:4])
    assert full.directories() == []


def test_the_digests_of_a_repository_go_with_its_last_tag(full: ImageEngine) -> None:
    full.store.tags.set(f"docker.io/library/two@{digest(b'm')}", TWO.id)
    assert full.removal.remove("two:1")[:3] == [
        {"Untagged": "two:1"},
        {"Untagged": f"two@{digest(b'm')}"},
        {"Deleted": TWO.id},
    ]


def test_a_stopped_container_forbids_it_unless_forced(full: ImageEngine) -> None:
    use(full, TWO, running=False)
    with pytest.raises(Conflict) as conflict:
        full.removal.remove("two:1")
    assert conflict.value.message == (
        f'conflict: unable to remove repository reference "two:1" (must force) - container {"c" * 12} is using its '
        f"referenced image {short(TWO)}"
    )
    with pytest.raises(Conflict, match=r"\(must be forced\) - image is being used by stopped container c{12}"):
        full.removal.remove(short(TWO))
    assert {"Deleted": TWO.id} in full.removal.remove("two:1", force=True)


def test_a_running_container_forbids_it(full: ImageEngine) -> None:
    use(full, TWO, running=True)
    with pytest.raises(Conflict, match=r"\(cannot be forced\) - image is being used by running container c{12}"):
        full.removal.remove(short(TWO), force=True)
    assert full.removal.remove("two:1", force=True) == [{"Untagged": "two:1"}]
    assert full.catalog.resolve(TWO.id).id == TWO.id


def test_one_of_several_names_may_go_though_a_container_runs(full: ImageEngine) -> None:
    use(full, ONE, running=True)
    assert full.removal.remove("one:1") == [{"Untagged": "one:1"}]


def with_child(engine: ImageEngine) -> Made:
    child = Made((BASE, OTHER, TOP), ("child:1",))
    parent = engine.catalog.resolve("two:1")
    with engine.store.layers.lease() as lease:
        chain = parent.chain_id
        assert lease.find(chain)
        top = engine.store.layers.get(engine.catalog.resolve("one:1").chain_id)
        assert top is not None
        engine.load(docker_archive(Made((BASE, OTHER, TOP), ("other:1",), {"author": "other"})))
        other = engine.catalog.resolve("other:1")
        assert all(lease.find(one.chain_id) for one in engine.store.layers.chain(other.chain_id))
        engine.store.images.create(child.config, lease, parent.id, ("docker.io/library/child:1",))
    engine.removal.remove("other:1")
    return child


def test_parents_without_names_go_with_the_child(full: ImageEngine) -> None:
    child = with_child(full)
    with pytest.raises(Conflict, match=r"\(cannot be forced\) - image has dependent child images"):
        full.removal.remove(short(TWO), force=True)
    full.removal.remove("two:1")
    assert full.catalog.resolve(TWO.id).id == TWO.id
    assert full.catalog.history("child:1")[0]["Id"] == child.id
    deleted = [record["Deleted"] for record in full.removal.remove("child:1") if "Deleted" in record]
    assert {child.id, TWO.id} <= set(deleted)


def test_parents_stay_where_that_is_wanted(full: ImageEngine) -> None:
    with_child(full)
    full.removal.remove("two:1")
    full.removal.remove("child:1", prune=False)
    assert full.catalog.resolve(TWO.id).id == TWO.id


def deleted(report: dict[str, Any]) -> set[str]:
    return {record["Deleted"] for record in report["ImagesDeleted"] or () if "Deleted" in record}


def test_prune_takes_what_has_no_name(full: ImageEngine) -> None:
    report = full.removal.prune({})
    assert deleted(report) == {NAMELESS.id}
    assert report["SpaceReclaimed"] == 0
    assert full.events.told[-1] == ("image", "prune", "", {"reclaimed": "0"})
    assert full.removal.prune({}) == {"ImagesDeleted": None, "SpaceReclaimed": 0}


def test_prune_takes_all_that_no_container_has(full: ImageEngine) -> None:
    use(full, TWO, running=False)
    report = full.removal.prune({"dangling": ["false"]})
    assert {ONE.id, NAMELESS.id} < deleted(report)
    assert TWO.id not in deleted(report)
    assert report["SpaceReclaimed"] == 1
    assert full.catalog.count() == 1


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ({"label": ["keep"]}, {TWO}),
        ({"label": ["keep=yes", "a=c"]}, set()),
        ({"label!": ["keep"]}, {ONE, NAMELESS}),
        ({"until": ["2021-01-01"]}, {TWO}),
        ({"until": ["1h"]}, {ONE, TWO, NAMELESS}),
    ],
    ids=str,
)
def test_prune_filters(full: ImageEngine, filters: dict[str, list[str]], gone: set[Made]) -> None:
    report = full.removal.prune({"dangling": ["false"], **filters})
    assert {one.id for one in (ONE, TWO, NAMELESS)} & deleted(report) == {one.id for one in gone}


@pytest.mark.parametrize(
    "filters",
    [{"nosuch": ["x"]}, {"dangling": ["maybe"]}, {"until": ["whenever"]}, {"until": ["1h", "2h"]}],
    ids=str,
)
def test_prune_refuses_filters_that_it_does_not_know(full: ImageEngine, filters: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidParameter):
        full.removal.prune(filters)
    assert full.catalog.count() == 3
