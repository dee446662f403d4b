"""The list of images as the API shows it, its filters, and what images take on disk.

Used by the image service; works on values that it is given, in memory.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydock.daemon import filter_keys
from pydock.daemon.images import filtering, naming
from pydock.daemon.moments import SECOND, parse_moment
from pydock.imagestore import digest as digests
from pydock.imagestore import times
from pydock.imagestore.images import Image

_ACCEPTED: Final = frozenset(("dangling", "label", "before", "since", "reference", "until"))


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list is to hold; ``filters`` as they came, their keys are checked here."""

    filters: Mapping[str, Sequence[str]]
    all: bool = False
    shared_size: bool = False
    manifests: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a list is made from: all images, the names of each, who has children, how to find one by reference."""

    images: Sequence[Image]
    names: Callable[[str], list[str]]
    has_children: Callable[[str], bool]
    find: Callable[[str], Image]
    layer_size: Callable[[str], int]


def moment(created: str) -> int | None:
    """When an image was made, in nanoseconds since the epoch; None where its config does not say."""
    return times.parse(created).nanoseconds if created else None


def select(view: View, options: ListOptions) -> list[dict[str, Any]]:
    """The images that pass the filters, the newest first."""
    filters = options.filters
    filter_keys.check(filters, _ACCEPTED)
    dangling_only = filtering.boolean(filters, "dangling", False)
    passes = _tests(view, filters)
    patterns = filters.get("reference") or ()
    shared = shared_sizes(view) if options.shared_size else None
    found: list[tuple[int, dict[str, Any]]] = []
    for image in view.images:
        if not all(test(image) for test in passes):
            continue
        tags, with_digest = naming.split(view.names(image.id))
        if patterns:
            tags = [name for name in tags if _named(name, patterns)]
            with_digest = [name for name in with_digest if _named(name, patterns)]
        if not tags and not with_digest:
            if patterns or ("dangling" in filters and not dangling_only):
                continue
            if (dangling_only or not options.all) and view.has_children(image.id):
                continue
        elif dangling_only and (tags or view.has_children(image.id)):
            continue
        row = _summary(image, tags, with_digest, -1 if shared is None else shared[image.id])
        found.append((moment(image.created) or 0, row))
    found.sort(key=lambda pair: -pair[0])
    return [row for _, row in found]


def disk_usage(view: View, containers: Counter[str]) -> dict[str, Any]:
    """What all images take: each layer counted once, each image with its share and its containers."""
    chains: dict[str, None] = {}
    for image in view.images:
        chains.update(dict.fromkeys(digests.chain_ids(image.diff_ids)))
    rows = select(view, ListOptions({}, shared_size=True))
    for row in rows:
        # null where there are none, which the list does not say
        row |= {key: row[key] or None for key in ("RepoDigests", "RepoTags")}
        row["Containers"] = containers[row["Id"]]
    return {"LayersSize": sum(view.layer_size(chain) for chain in chains), "Images": rows}


def shared_sizes(view: View) -> dict[str, int]:
    """Of each image, the bytes in layers that another image has too."""
    uses: Counter[str] = Counter()
    chains = {image.id: digests.chain_ids(image.diff_ids) for image in view.images}
    for image_chains in chains.values():
        uses.update(image_chains)
    return {
        image_id: sum(view.layer_size(chain) for chain in image_chains if uses[chain] > 1)
        for image_id, image_chains in chains.items()
    }


def _tests(view: View, filters: Mapping[str, Sequence[str]]) -> list[Callable[[Image], bool]]:
    tests: list[Callable[[Image], bool]] = []
    before = [made for text in filters.get("before") or () if (made := moment(view.find(text).created)) is not None]
    before += [parse_moment(text) for text in filters.get("until") or ()]
    if before:
        earliest = min(before)
        tests.append(lambda image: (made := moment(image.created)) is not None and made < earliest)
    since = [made for text in filters.get("since") or () if (made := moment(view.find(text).created)) is not None]
    if since:
        latest = max(since)
        tests.append(lambda image: (made := moment(image.created)) is not None and made > latest)
    labels = filters.get("label")
    if labels:
        tests.append(lambda image: filtering.has_labels(labels, image.labels or {}))
    return tests


def _named(name: str, patterns: Sequence[str]) -> bool:
    repository = naming.parsed(name).familiar_name
    return any(
        filtering.matches_glob(pattern, name) or filtering.matches_glob(pattern, repository) for pattern in patterns
    )


def _summary(image: Image, tags: list[str], with_digest: list[str], shared: int) -> dict[str, Any]:
    made = moment(image.created)
    return {
        "Containers": -1,
        "Created": made // SECOND if made is not None else 0,
        "Id": image.id,
        "Labels": image.labels,
        "ParentId": image.parent,
        "RepoDigests": with_digest,
        "RepoTags": tags,
        "SharedSize": shared,
        "Size": image.size,
    }
