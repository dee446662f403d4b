"""Layers, their leases and their forms: who holds what, what enters the index, what is deleted and when."""

import errno
import gzip
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter, System
from pydock.imagestore import commit, gc, trees
from pydock.imagestore.index import BlobRow
from pydock.worker.jobs import Jobs
from tests.kernel.imagestore.layer_store import LayerStore, diff_id, directory, link, member, tar, tree

ONE = tar(directory("a"), member("a/f", b"one"))
TWO = tar(member("b", b"two"))
GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def reopened(store: LayerStore) -> LayerStore:
    """The store as a daemon finds it that has just started."""
    store.close()
    return LayerStore(store.root, store.jobs)


def test_a_chain_is_named_by_what_is_under_it(store: LayerStore) -> None:
    first, second = store.image(ONE), store.image(ONE, TWO)
    assert first == diff_id(ONE)
    assert [layer.diff_id for layer in store.layers.chain(second)] == [diff_id(TWO), diff_id(ONE)]
    assert store.layers.chain(second)[1].chain_id == first
    assert len(store.directories()) == 2
    assert store.layers.chain("") == ()


def test_what_no_image_took_is_deleted_with_its_lease(store: LayerStore) -> None:
    with store.layers.lease() as lease:
        layer = lease.add(store.unpack(lease, ONE), "")
        store.unpack(lease, TWO)
        assert store.layers.get(layer.chain_id) is None
        assert len(store.directories()) == 2
    assert store.directories() == []
    assert store.layers.lease().find(layer.chain_id) is None


def test_the_same_layer_twice_is_kept_once(store: LayerStore) -> None:
    with store.layers.lease() as one, store.layers.lease() as other:
        first = one.add(store.unpack(one, ONE), "")
        assert other.find(first.chain_id) == first
        assert other.add(store.unpack(other, ONE), "") == first
        store.enter(other, first.chain_id)
    assert store.directories() == [first.cache_id]
    assert store.layers.get(first.chain_id) == first


@pytest.mark.parametrize("files", [1, 200])  # few are synced by themselves, many with all else
@pytest.mark.parametrize("left", ["nothing", "half"])
def test_a_layer_deleted_behind_the_engines_back_is_made_whole_by_what_brings_it_again(
    store: LayerStore, left: str, files: int
) -> None:
    upper = tar(*(member(f"f{number}") for number in range(files)))
    chain = store.image(ONE, upper)
    top = store.layers.chain(chain)[0]
    trees.remove(store.layers.diff_path(top).parent if left == "nothing" else store.layers.diff_path(top))
    with store.layers.lease() as lease:
        assert lease.find(chain) is None
        assert lease.find(top.parent)
    assert store.image(ONE, upper) == chain
    assert len(store.directories()) == 2
    again = reopened(store)
    assert again.layers.chain(chain)[0] == top
    assert again.tar_of(chain) == upper


def test_two_operations_may_enter_the_same_new_chain_at_once(store: LayerStore) -> None:
    barrier = threading.Barrier(4)

    def one(_: int) -> str:
        with store.layers.lease() as lease:
            lower = lease.add(store.unpack(lease, ONE), "")
            top = lease.add(store.unpack(lease, TWO), lower.chain_id)
            barrier.wait()
            store.enter(lease, top.chain_id)
            return top.chain_id

    with ThreadPoolExecutor(4) as pool:
        (chain,) = set(pool.map(one, range(4)))
    assert len(store.directories()) == 2
    for _ in range(3):
        assert store.layers.release(chain) == []
    assert len(store.layers.release(chain)) == 2
    assert store.directories() == []


@pytest.mark.parametrize(("files", "alone"), [(3, True), (200, False)])
def test_few_files_are_synced_by_themselves_and_many_with_all_else(
    store: LayerStore, monkeypatch: pytest.MonkeyPatch, files: int, alone: bool
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("pydock.imagestore.disk_sync.syncfs", synced.append)
    store.image(tar(directory("a"), link("l", "a"), *(member(f"a/{number}", b"x") for number in range(files))))
    assert (synced == []) is alone


def test_one_layer_that_is_not_synced_has_its_chain_synced(store: LayerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("pydock.imagestore.disk_sync.syncfs", synced.append)
    store.image(tar(*(member(str(number), b"x") for number in range(200))), TWO)
    assert len(synced) == 1


def test_what_the_disk_does_not_take_is_not_entered(store: LayerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("pydock.imagestore.disk_sync.syncfs", fails)
    with pytest.raises(OSError, match="Input/output error"):
        store.image(tar(*(member(str(number), b"x") for number in range(200))), TWO)
    assert store.directories() == []
    assert list(reopened(store).layers._index.layers()) == []


def test_a_layer_goes_with_the_last_that_has_it(store: LayerStore) -> None:
    lower, upper = store.image(ONE), store.image(ONE, TWO)
    assert store.layers.release(lower) == []
    store.snapshots.prepare("c", upper)
    assert store.layers.release(upper) == []
    store.snapshots.remove("c")
    assert store.directories() == []
    assert reopened(store).layers.get(upper) is None


def test_a_lease_keeps_a_layer_whose_image_is_deleted_meanwhile(store: LayerStore) -> None:
    chain = store.image(ONE)
    with store.layers.lease() as lease:
        assert lease.find(chain)
        assert store.layers.release(chain) == []
        top = lease.add(store.unpack(lease, TWO), chain)
        store.enter(lease, top.chain_id)
    assert len(store.layers.chain(top.chain_id)) == 2
    with store.layers.lease() as lease, pytest.raises(System, match="not held"):
        lease.add(store.unpack(lease, TWO), diff_id(b""))


def test_an_error_on_the_way_in_leaves_nothing(store: LayerStore) -> None:
    def fail(*_: object) -> None:
        raise System("the disk is full")

    with pytest.raises(System, match="disk is full"), store.layers.lease() as lease:
        lease.enter(lease.add(store.unpack(lease, ONE), "").chain_id, fail)
    assert store.directories() == []


def test_many_layers_are_unpacked_at_once(store: LayerStore) -> None:
    tars = [tar(member(f"f{i}", os.urandom(100_000))) for i in range(8)]
    with store.layers.lease() as lease, ThreadPoolExecutor(8) as pool:
        unpacked = list(pool.map(lambda data: store.unpack(lease, data, diff_id(data)), tars))
        chain = ""
        for one in unpacked:
            chain = lease.add(one, chain).chain_id
        store.enter(lease, chain)
    assert [layer.diff_id for layer in reversed(store.layers.chain(chain))] == [diff_id(data) for data in tars]


def test_a_layer_is_compressed_once(store: LayerStore) -> None:
    chain = store.image(ONE)
    row = store.layers.compress(store.layers.chain(chain)[0])
    assert (row.diff_id, row.media_type) == (diff_id(ONE), GZIP)
    packed = store.blobs.path(row.digest).read_bytes()
    assert (diff_id(packed), len(packed), gzip.decompress(packed)) == (row.digest, row.size, ONE)
    assert store.layers.compress(store.layers.chain(chain)[0]) == row
    again = reopened(store)
    assert again.layers.blob(diff_id(ONE), (GZIP,)) == row
    assert again.layers.blob(diff_id(ONE), ("other",)) is None
    again.layers.retain(chain)
    again.layers.release(chain)
    assert not again.blobs.has(row.digest)


def test_a_kept_blob_stays_only_with_an_image(store: LayerStore) -> None:
    packed = gzip.compress(ONE)
    row = BlobRow(diff_id(packed), diff_id(ONE), GZIP, len(packed))
    for entered in (False, True):
        with store.layers.lease() as lease:
            with store.blobs.ingest(row.digest, row.size) as ingest:
                ingest.write(packed)
                ingest.commit()
            lease.keep_blob(row)
            chain = lease.add(store.unpack(lease, packed), "").chain_id
            if entered:
                store.enter(lease, chain)
        assert store.blobs.has(row.digest) is entered
        assert (store.layers.blob(row.diff_id) == row) is entered


def test_start_up_finds_what_a_crash_left(store: LayerStore) -> None:
    kept, lost = store.image(ONE), store.image(TWO)
    store.snapshots.prepare("c", kept)
    store.snapshots.prepare("gone", kept)
    half = store.root / "overlay2/half/diff"
    half.mkdir(parents=True)
    (half / "f").touch()
    (store.root / "overlay2/file").touch()
    (store.root / "blobs/incoming/x").touch()
    (store.root / "blobs/sha256" / ("0" * 64)).touch()
    (store.root / "tmp/d").mkdir(parents=True)
    row = store.layers.compress(store.layers.chain(kept)[0])
    missing = store.layers.compress(store.layers.chain(lost)[0])
    store.blobs.remove(missing.digest)
    again = reopened(store)
    again.layers.retain(kept)
    gc.recover(again.root, again.layers, again.snapshots, ["c"])
    assert again.snapshots.keys() == ["c"]
    assert again.layers.get(lost) is None
    assert sorted(again.directories()) == sorted({again.layers.chain(kept)[0].cache_id} | again.snapshots.cache_ids())
    assert os.listdir(again.root / "blobs/sha256") == [row.digest[7:]]
    assert again.layers.blob(missing.diff_id) is None
    assert os.listdir(again.root / "blobs/incoming") == os.listdir(again.root / "tmp") == []


def test_what_cannot_be_deleted_does_not_stop_a_start(
    store: LayerStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Something is mounted in it, for one."""

    def busy(path: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", path)

    chain, other = store.image(ONE), store.image(TWO)
    for key in ("a", "b"):
        store.snapshots.prepare(key, chain)
    again = reopened(store)
    again.layers.retain(chain)
    with monkeypatch.context() as patch:
        patch.setattr(trees, "remove", busy)
        gc.recover(again.root, again.layers, again.snapshots, [])
    assert again.snapshots.keys() == []
    assert again.layers.get(other) is None
    assert caplog.text.count("cannot be deleted: device or resource busy") >= 3
    later = reopened(again)
    later.layers.retain(chain)
    gc.recover(later.root, later.layers, later.snapshots, [])
    assert sorted(later.directories()) == sorted({later.layers.chain(chain)[0].cache_id} | later.snapshots.cache_ids())


def test_what_cannot_be_deleted_of_an_image_keeps_nothing_else_of_it(
    store: LayerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(path: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", path)

    chain = store.image(TWO, ONE)
    store.snapshots.prepare("c", chain)
    store.snapshots.remove("c")  # what it leaves is deleted with the image
    row = store.layers.compress(store.layers.chain(chain)[0])
    monkeypatch.setattr(trees, "remove", busy)
    assert len(store.layers.release(chain)) == 2
    assert store.layers.get(chain) is None
    assert not store.blobs.path(row.digest).exists()
    with store.layers.lease() as lease:
        with pytest.raises(InvalidParameter):
            store.unpack(lease, b"junk" * 500)
        store.unpack(lease, TWO)


# what containers changed, as a layer


def test_what_a_container_changed_becomes_a_layer(store: LayerStore, tmp_path: Path) -> None:
    upper = tmp_path / "upper"
    (upper / "new").mkdir(parents=True)
    (upper / "new/f").write_bytes(b"x" * 100_000)
    os.link(upper / "new/f", upper / "new/g")
    os.chmod(upper / "new/f", 0o4711)
    os.chown(upper / "new", 10, 3_000_000)
    os.mknod(upper / "gone", stat.S_IFCHR, 0)
    (upper / "opaque").mkdir()
    os.setxattr(upper / "opaque", "trusted.overlay.opaque", b"y")
    os.setxattr(upper / "new/f", "user.k", b"v")
    os.symlink("a" * 150, upper / "link")
    os.mkfifo(upper / "fifo")
    (upper / ("n" * 120)).mkdir()
    (upper / ("n" * 120) / ("m" * 120)).write_text("long")
    before = tree(upper)
    with store.layers.lease() as lease:
        unpacked = commit.pack(lease, upper)
        again = commit.pack(lease, upper)
        assert unpacked.diff_id == again.diff_id
        layer = lease.add(unpacked, "")
        store.enter(lease, layer.chain_id)
    top = store.layers.diff_path(layer)
    assert tree(top) == before
    assert (top / "gone").lstat().st_rdev == 0
    assert os.getxattr(top / "opaque", "trusted.overlay.opaque") == b"y"
    assert os.getxattr(top / "new/f", "user.k") == b"v"
    assert ((top / "new").stat().st_uid, (top / "new").stat().st_gid) == (10, 3_000_000)
    assert (top / "new/f").stat().st_ino == (top / "new/g").stat().st_ino
    assert os.readlink(top / "link") == "a" * 150
    data = store.tar_of(layer.chain_id)
    for mark in (b".wh.gone", b"opaque/.wh..wh..opq"):
        assert mark in data
    assert b"trusted.overlay" not in data


def test_a_failure_to_pack_is_told_and_leaves_nothing(store: LayerStore, tmp_path: Path) -> None:
    with store.layers.lease() as lease, pytest.raises(NotADirectoryError):
        (tmp_path / "file").touch()
        commit.pack(lease, tmp_path / "file")
    assert store.directories() == []


def test_an_imported_tar_is_the_same_layer_each_time(store: LayerStore, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(gzip.compress(ONE))
    made = set()
    for _ in range(2):
        with store.layers.lease() as lease, open(tmp_path / "t", "rb") as file:
            made.add(lease.unpack(file.fileno()).diff_id)
    assert made == {diff_id(ONE)}


# snapshots


def test_a_snapshot_is_made_measured_and_removed(store: LayerStore) -> None:
    chain = store.image(ONE, TWO)
    (mount,) = store.snapshots.prepare("c", chain)
    assert store.snapshots.mounts("c") == (mount,)
    directories = store.snapshots.directories("c")
    assert len(directories.lower) == 3
    assert [str(path) for path in directories.lower] == list(mount.lowerdirs)
    assert f"upperdir={directories.upper}" in mount.options
    (directories.upper / "d").mkdir()
    (directories.upper / "d/f").write_bytes(b"x" * 100)
    os.link(directories.upper / "d/f", directories.upper / "g")
    usage = store.snapshots.usage("c")
    assert (usage.size, usage.inodes) == (100, 2)
    trees.remove(directories.upper)
    usage = store.snapshots.usage("c")  # one damaged container must not hide what all others take
    assert (usage.size, usage.inodes) == (0, 0)
    again = reopened(store)
    assert again.snapshots.mounts("c") == (mount,)
    again.snapshots.remove("c")
    again.snapshots.remove("c")
    assert again.snapshots.keys() == []


def test_what_somebody_reads_stays_until_the_last_has_read_it(store: LayerStore) -> None:
    """A container that is removed while it is committed took half of the image with it."""
    chain = store.image(ONE)
    store.snapshots.prepare("c", chain)
    with store.snapshots.reading("c") as upper:
        (upper / "f").touch()
        with store.snapshots.reading("c"):
            store.snapshots.remove("c")
            store.snapshots.prepare("c", chain)
        assert os.listdir(upper) == ["f"]
        assert store.snapshots.directories("c").upper != upper
    assert not upper.exists()
    assert store.snapshots.directories("c").upper.exists()
    store.layers.release(chain)
    assert store.layers.get(chain)
    store.snapshots.remove("c")
    assert not store.layers.get(chain)


def test_the_init_directory_is_made_once_and_follows_no_link(store: LayerStore, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    chain = store.image(
        tar(
            directory("etc", mode=0o750, uid=5),
            member("etc/hosts", b"the image's"),
            link("etc/mtab", "elsewhere"),
            link("dev", str(trap)),
            link("proc", str(trap)),
            directory("sys", mode=0o555),
        )
    )
    (first,), (second,) = store.snapshots.prepare("a", chain), store.snapshots.prepare("b", chain)
    assert first.lowerdirs == second.lowerdirs
    init = Path(first.lowerdirs[0])
    assert set(tree(init)) == {
        ".dockerenv", "dev", "dev/console", "dev/pts", "dev/shm", "etc", "etc/hostname", "etc/hosts", "etc/mtab",
        "etc/resolv.conf", "proc",
    }  # fmt: skip
    assert (init / "etc").stat().st_mode & 0o7777 == 0o750
    assert os.readlink(init / "etc/mtab") == "/proc/mounts"
    assert list(trap.iterdir()) == []


@pytest.mark.parametrize("left", ["nothing", "half"])
def test_an_init_directory_deleted_behind_the_engines_back_is_made_again(store: LayerStore, left: str) -> None:
    chain = store.image(ONE)
    (mount,) = store.snapshots.prepare("a", chain)
    init = Path(mount.lowerdirs[0])
    for key in "ab":  # what a container has, and a new one
        trees.remove(init.parent if left == "nothing" else init)
        (used,) = store.snapshots.mounts(key) if key == "a" else store.snapshots.prepare(key, chain)
        assert used.lowerdirs == mount.lowerdirs
        assert (init / "dev/console").is_file()
        assert os.listdir(init.parent) == ["diff"]


def test_an_image_without_layers_has_containers_too(store: LayerStore) -> None:
    (mount,) = store.snapshots.prepare("c", "")
    assert len(mount.lowerdirs) == 1
    assert (Path(mount.lowerdirs[0]) / "proc").is_dir()
    assert store.snapshots.read_only_mounts("")[0].options == ("bind", "ro")
    assert len(store.snapshots.read_only_mounts(store.image(ONE))[0].lowerdirs) == 2


def test_deep_trees_are_measured_and_removed(store: LayerStore) -> None:
    store.snapshots.prepare("c", "")
    here = os.open(store.snapshots.directories("c").upper, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert store.snapshots.usage("c").inodes > 1000
    store.snapshots.remove("c")
    assert len(store.directories()) == 1


def test_no_zygote_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    def send(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    store = LayerStore(tmp_path / "data", Jobs(send))
    with store.layers.lease() as lease, pytest.raises(Exception, match="zygote"):
        store.unpack(lease, ONE)
    with pytest.raises(Exception, match="zygote"):
        store.snapshots.prepare("c", "")
    assert store.directories() == []
    assert store.snapshots.keys() == []
    store.close()
