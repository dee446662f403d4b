"""Load: images out of a `docker save` archive or an OCI layout in a tar, in one pass, all or nothing.

Layers are unpacked aside as they go by, before it is known which image has them; what no image has goes with the
lease.  Used by the daemon's image service.
"""

import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from pydock.errors import InvalidParameter
from pydock.imagestore import archive_plan, image_config, threads
from pydock.imagestore import digest as digests
from pydock.imagestore.archive_members import Member, Stream, compressed, digest_of, is_tar, members
from pydock.imagestore.archive_plan import Documents, LayerSource, Planned
from pydock.imagestore.images import Image, Images
from pydock.imagestore.index import Layer
from pydock.imagestore.layers import Layers, Lease, Unpacked
from pydock.imagestore.platforms import Platform

#: what the documents of an archive, and the names in it, may take together, in bytes
_MAX_DOCUMENTS: Final = 64 << 20
#: how many layers are unpacked at once: while one is written out, the next comes in
_AT_ONCE: Final = 2
_PIPE: Final = 1 << 20
_STEM: Final = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.tar|/layer\.tar)?")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image that an archive brought, and the names it now has."""

    image: Image
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A layer of the archive: unpacked aside, or passed over as one that is here (``known``, its chain)."""

    diff_id: str
    digest: str
    size: int
    unpacked: Unpacked | None = None
    known: str = ""


def load(
    source: int,
    layers: Layers,
    images: Images,
    normalize: Callable[[str], str],
    platform: Platform | None = None,
    progress: Progress | None = None,
    check: Callable[[], None] | None = None,
) -> Sequence[Loaded]:
    """Load every image of the archive that descriptor `source` gives (compressed or not; a pipe will do).

    `normalize` turns a name of the archive into the full form, or raises InvalidParameter.  `platform` chooses among
    the manifests of an index, and the images of other archives.  `progress` gets (what, bytes so far, bytes in all or
    0) for each layer.  `check` raises where nobody wants the images any more.  Blocks.
    """
    with layers.lease() as lease:
        with _Intake(lease, _chains(images), progress or (lambda what, done, total: None)) as intake:
            documents = intake.take(Stream(source))
            plan = archive_plan.plan(documents, normalize, platform, lambda name: intake.found(name).diff_id)
            assembly = _Assembly(layers, lease, intake)
            for image in plan:
                assembly.stack(image)
                if check is not None:
                    check()
        ids = {digests.of(image.config) for image in plan}
        return [_enter(images, lease, image, ids) for image in plan]


def _enter(images: Images, lease: Lease, image: Planned, ids: Collection[str]) -> Loaded:
    """Enter one image; what it was made from is known where that is one of the archive's own, `ids`."""
    parent = image.parent if image.parent in ids else ""
    return Loaded(images.create(image.config, lease, parent, image.names), image.names)


def _chains(images: Images) -> dict[str, str]:
    """A chain for each diff ID that is here."""
    return {
        diff_id: chain
        for image in images.all()
        for diff_id, chain in zip(image.diff_ids, digests.chain_ids(image.diff_ids), strict=True)
    }


class _Intake:
    """Reads the archive: small files are kept, layers unpacked in workers that are fed through pipes."""

    def __init__(self, lease: Lease, chains: dict[str, str], progress: Progress) -> None:
        self._lease = lease
        self._chains = chains
        self._progress = progress
        self._layers: dict[str, Future[_Found]] = {}
        #: files of no bytes: they may be meant as layers with nothing in them
        self._hollow: frozenset[str] = frozenset()
        self._slots = threading.Semaphore(_AT_ONCE)
        self._pool = threads.begin(_AT_ONCE + 1, "load")

    def __enter__(self) -> "_Intake":
        return self

    def __exit__(self, *details: object) -> None:
        self._pool.shutdown()

    def take(self, stream: Stream) -> Documents:
        """Read the whole archive."""
        documents: dict[str, bytes] = {}
        links: dict[str, str] = {}
        size = 0
        for member in members(stream):
            for earlier in (documents, links, self._layers):
                earlier.pop(member.name, None)
            size += len(member.name) + len(member.link)
            if member.link:
                links[member.name] = member.link
            elif (document := self._member(stream, member)) is not None:
                size += len(document)
                documents[member.name] = document
            if size > _MAX_DOCUMENTS:
                raise InvalidParameter("invalid archive: too many documents")
        stream.drain()
        self._hollow = frozenset(name for name, document in documents.items() if not document)
        return Documents(documents, links)

    def found(self, name: str) -> _Found:
        """Return the layer that is the member `name`; waits for it.  InvalidParameter: missing, or no sound tar."""
        future = self._layers.get(name)
        if future is None and name in self._hollow:
            future = self._layers[name] = threads.submit(self._pool, self._nothing)
        if future is None:
            raise InvalidParameter(f"invalid archive: layer {name[:200]!r} is missing or no tar")
        return future.result()

    def __contains__(self, name: str) -> bool:
        return name in self._layers or name in self._hollow

    def _member(self, stream: Stream, member: Member) -> bytes | None:
        """Take the bytes of a member; return them where it is a document."""
        head = stream.read(min(member.size, 512))
        rest = member.size - len(head)
        stem = _STEM.fullmatch(member.name)
        diff_id = f"sha256:{stem[1]}" if stem else ""
        if compressed(head) or is_tar(head):
            if diff_id in self._chains and self._lease.find(self._chains[diff_id]) and not compressed(head):
                self._pass_over(stream, member, head, diff_id)
            else:
                shown = stem[1] if stem else "".join(filter(str.isprintable, member.name))
                self._unpack(stream, member, head, shown)
        elif member.size <= image_config.MAX_SIZE:
            return head + stream.read(rest)
        else:
            stream.skip(rest)
        return None

    def _pass_over(self, stream: Stream, member: Member, head: bytes, diff_id: str) -> None:
        """Verify a layer that is here already."""
        digest = digest_of(head, stream, member.size - len(head))
        result: Future[_Found] = Future()
        if digest == diff_id:
            result.set_result(_Found(diff_id, digest, member.size, known=self._chains[diff_id]))
        else:
            result.set_exception(InvalidParameter(f"layer {member.name}: the content has digest {digest}"))
        self._layers[member.name] = result

    def _unpack(self, stream: Stream, member: Member, head: bytes, what: str) -> None:
        self._slots.acquire()
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # EPERM beyond the user's limit: it works with a smaller pipe
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
            self._layers[member.name] = threads.submit(self._pool, self._run, reading)
            with contextlib.suppress(BrokenPipeError):  # who has gone already says why in its result
                os.write(writing, head)  # a pipe that was just made has room
            have = len(head)
            stream.copy(writing, member.size - have, lambda sent: self._progress(what, have + sent, member.size))
        finally:
            os.close(writing)

    def _nothing(self) -> _Found:
        self._slots.acquire()
        return self._run(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def _run(self, reading: int) -> _Found:
        try:
            unpacked = self._lease.unpack(reading)
        finally:
            os.close(reading)
            self._slots.release()
        return _Found(unpacked.diff_id, unpacked.source_digest, unpacked.source_size, unpacked)


class _Assembly:
    """Puts the layers of images on top of each other, each verified against its config and its descriptor."""

    def __init__(self, layers: Layers, lease: Lease, intake: _Intake) -> None:
        self._layers = layers
        self._lease = lease
        self._intake = intake
        #: the layer that was made of each directory that the intake unpacked
        self._used: dict[str, Layer] = {}

    def stack(self, image: Planned) -> None:
        """Have all layers of an image in the lease."""
        chain = ""
        for place, (diff_id, source) in enumerate(zip(image.diff_ids, image.layers, strict=True)):
            if source.member in self._intake:
                self._verify(place, diff_id, source)
            above = digests.chain_id(chain, diff_id)
            if self._lease.find(above) is None:
                self._add(self._intake.found(source.member), diff_id, chain)
            chain = above

    def _verify(self, place: int, diff_id: str, source: LayerSource) -> None:
        found = self._intake.found(source.member)
        if found.diff_id != diff_id:
            raise InvalidParameter(f'invalid diffID for layer {place}: expected "{diff_id}", got "{found.diff_id}"')
        if source.size >= 0 and found.size != source.size:
            raise InvalidParameter(f"layer {source.digest}: {found.size} bytes, {source.size} were declared")
        if source.digest and found.digest != source.digest:
            raise InvalidParameter(f"layer {source.digest}: the content has digest {found.digest}")

    def _add(self, found: _Found, diff_id: str, parent: str) -> None:
        unpacked = found.unpacked
        if unpacked is not None and unpacked.cache_id not in self._used:
            self._used[unpacked.cache_id] = self._lease.add(unpacked, parent)
            return
        # the same layer on top of something else: it has a directory of its own
        same = self._used[unpacked.cache_id] if unpacked else self._lease.find(found.known)
        if same is None:
            raise InvalidParameter(f"layer {diff_id} has gone meanwhile")
        self._lease.add(self._copy(same), parent)

    def _copy(self, layer: Layer) -> Unpacked:
        with threads.begin(1, "load-copy") as thread:
            reading, writing = os.pipe2(os.O_CLOEXEC)

            def write() -> None:
                try:
                    self._layers.write_tar(layer, writing, verify=False)
                finally:
                    os.close(writing)

            thread.submit(write)
            try:
                return self._lease.unpack(reading, layer.diff_id)
            finally:
                os.close(reading)  # so that the writer ends, whatever happened
