"""Removing images: by name, by ID, and all that nothing uses.

Called by the routes ``DELETE /images/{name}`` and ``POST /images/prune``.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydock.daemon import filter_keys
from pydock.daemon.events import Events
from pydock.daemon.images import filtering, lookup, naming
from pydock.daemon.images.listing import moment
from pydock.daemon.images.service import Images
from pydock.daemon.images.users import ImageUse, ImageUsers
from pydock.daemon.moments import parse_moment
from pydock.errors import Conflict, InvalidParameter, NotFound
from pydock.imagestore import images as store
from pydock.imagestore.platforms import Platform
from pydock.imagestore.tags import Tags

_PRUNE_FILTERS: Final = frozenset(("dangling", "label", "label!", "until"))

#: ``{"Untagged": name}`` and ``{"Deleted": id}``, in order
Records = list[dict[str, str]]


class _InUse(Conflict):
    """An image that can't be deleted; ``used``: a container has it."""

    def __init__(self, image_id: str, forced: str, why: str, used: bool = False) -> None:
        super().__init__(f"conflict: unable to delete {_short(image_id)} ({forced}) - {why}")
        self.used = used


class Removal:
    """Takes images away."""

    def __init__(self, catalog: Images, images: store.Images, tags: Tags, events: Events, users: ImageUsers) -> None:
        self._catalog = catalog
        self._images = images
        self._tags = tags
        self._events = events
        self._users = users
        #: one removal at a time: each looks first and acts then
        self._lock = threading.Lock()
        self._pruning = threading.Lock()

    def remove(
        self, reference: str, force: bool = False, prune: bool = True, platform: Platform | None = None
    ) -> Records:
        """Untag, and delete where that was the last name; returns ``{"Untagged": ...}`` and ``{"Deleted": ...}``."""
        with self._lock:
            return self._remove(reference, force, prune, platform)

    def prune(self, filters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Delete what no container uses: ``{"ImagesDeleted": [...], "SpaceReclaimed": bytes}``."""
        filter_keys.check(filters, _PRUNE_FILTERS)
        dangling_only = filtering.boolean(filters, "dangling", True)
        moments = filters.get("until") or ()
        if len(moments) > 1:
            raise InvalidParameter("more than one until filter specified")
        limit = parse_moment(moments[0]) if moments else None
        if not self._pruning.acquire(blocking=False):
            raise Conflict("a prune operation is already running")
        try:
            sizes = self._catalog.layer_sizes()
            records: Records = []
            for image in self._images.all():
                if self._may_prune(image, filters, limit):
                    records += self._prune_one(image, dangling_only)
        finally:
            self._pruning.release()
        reclaimed = sum(sizes.get(record["Deleted"], 0) for record in records if "Deleted" in record)
        self._events.publish("image", "prune", "", {"reclaimed": str(reclaimed)})
        return {"ImagesDeleted": records or None, "SpaceReclaimed": reclaimed}

    def _may_prune(self, image: store.Image, filters: Mapping[str, Sequence[str]], limit: int | None) -> bool:
        if not self._tags.of(image.id) and self._images.children(image.id):
            return False
        made = moment(image.created)
        if limit is not None and (made is None or made > limit):
            return False
        unwanted = filters.get("label!") or ()
        return filtering.has_labels(filters.get("label") or (), image.labels or {}) and not (
            unwanted and filtering.has_labels(unwanted, image.labels or {})
        )

    def _prune_one(self, image: store.Image, dangling_only: bool) -> Records:
        names = self._tags.of(image.id)
        if dangling_only and any(not naming.parsed(name).digest for name in names):
            return []
        records: Records = []
        for name in names or [image.id.partition(":")[2]]:
            try:
                records += self.remove(name)
            except (Conflict, NotFound):
                continue
        return records

    def _remove(self, reference: str, force: bool, prune: bool, platform: Platform | None) -> Records:
        image = self._catalog.resolve(reference, platform)
        names = self._tags.of(image.id)
        records: Records = []
        by_name = not lookup.is_id_prefix(image.id, reference)
        if by_name:
            if not force and _single(names):
                self._check_name_unused(reference, image)
            self._untag_named(naming.key(reference), image, records)
            if self._tags.of(image.id):
                return records
        elif _single(names):
            self._check(image.id, force, names=False)
            self._untag(names, image, records)
        try:
            self._delete(image, records, force, prune)
        except _InUse as error:
            # the name is gone; that its image stays is told only where the user would be surprised
            if not by_name or (not error.used and self._is_dangling(image.id)):
                raise
        return records

    def _check_name_unused(self, reference: str, image: store.Image) -> None:
        for use in self._uses(image.id):
            raise Conflict(
                f'conflict: unable to remove repository reference "{reference}" (must force) - '
                f"container {use.container_id[:12]} is using its referenced image {_short(image.id)}"
            )

    def _untag_named(self, name: str, image: store.Image, records: Records) -> None:
        """Take one name away, and with the last tag of a repository its digests."""
        self._untag([name], image, records)
        removed = naming.parsed(name)
        if removed.digest:
            return
        others = [other for other in self._tags.of(image.id) if naming.parsed(other).name == removed.name]
        if all(naming.parsed(other).digest for other in others):
            self._tags.remove(*others)
            records += [{"Untagged": naming.familiar(other)} for other in others]

    def _untag(self, names: Sequence[str], image: store.Image, records: Records) -> None:
        self._tags.remove(*names)
        for name in names:
            self._catalog.announce("untag", image.id)
            records.append({"Untagged": naming.familiar(name)})

    def _delete(self, image: store.Image, records: Records, force: bool, prune: bool) -> None:
        """Delete an image, then its parents for as long as nothing else needs them."""
        self._check(image.id, force)
        self._untag(self._tags.of(image.id), image, records)
        layers = self._images.remove(image.id)
        self._catalog.announce("delete", image.id)
        records.append({"Deleted": image.id})
        records += [{"Deleted": chain_id} for chain_id in layers]
        parent = self._images.get(image.parent) if prune and image.parent else None
        if parent is None:
            return
        try:
            self._delete(parent, records, False, True)
        except _InUse as error:
            if not error.used and self._is_dangling(parent.id):
                raise

    def _check(self, image_id: str, force: bool, names: bool = True) -> None:
        """Raise where an image is needed: by its children or a running container, or (not forced) otherwise."""
        if self._images.children(image_id):
            raise _InUse(image_id, "cannot be forced", "image has dependent child images")
        uses = self._uses(image_id)
        for use in uses:
            if use.running:
                raise _InUse(
                    image_id,
                    "cannot be forced",
                    f"image is being used by running container {use.container_id[:12]}",
                    True,
                )
        if force:
            return
        if names and self._tags.of(image_id):
            raise _InUse(image_id, "must be forced", "image is referenced in multiple repositories")
        for use in uses:
            raise _InUse(
                image_id, "must be forced", f"image is being used by stopped container {use.container_id[:12]}", True
            )

    def _uses(self, image_id: str) -> list[ImageUse]:
        return [use for use in self._users.image_uses() if use.image_id == image_id]

    def _is_dangling(self, image_id: str) -> bool:
        return not self._tags.of(image_id) and not self._images.children(image_id)


def _single(names: Sequence[str]) -> bool:
    """Tell whether all names are of one repository, with at most one tag among them; not so where there are none."""
    if len(names) <= 1:
        return len(names) == 1
    found = [naming.parsed(name) for name in names]
    tags = [one for one in found if not one.digest]
    if len(tags) > 1:
        return False
    with_digest = {one.name for one in found if one.digest}
    return len(with_digest) == 1 and (tags or found)[0].name in with_digest


def _short(image_id: str) -> str:
    return image_id.partition(":")[2][:12]
