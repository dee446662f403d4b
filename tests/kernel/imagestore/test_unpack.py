"""Unpacking layers: what sound tars become, and that hostile ones lead nowhere and leave nothing."""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from pydock.errors import InvalidParameter, PydockError
from tests.kernel.imagestore.layer_store import LayerStore, diff_id, directory, hard, link, member, tar, tree

PLAIN = tar(directory("a"), member("a/f", b"content"), link("l", "a/f"))


@pytest.mark.parametrize(
    ("kind", "pack"),
    [
        ("", lambda data: data),
        ("gzip", lambda data: gzip.compress(data)),
        ("gzip", lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:])),
        ("zstd", lambda data: zstandard.compress(data)),
        ("zstd", lambda data: zstandard.compress(data[:700]) + zstandard.compress(data[700:])),
        ("xz", lambda data: lzma.compress(data)),
        ("bzip2", lambda data: bz2.compress(data)),
    ],
)
def test_a_layer_comes_in_any_compression(store: LayerStore, kind: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(PLAIN)
    with store.layers.lease() as lease:
        unpacked = store.unpack(lease, packed)
        assert (unpacked.compression, unpacked.diff_id) == (kind, diff_id(PLAIN))
        assert (unpacked.source_digest, unpacked.source_size) == (diff_id(packed), len(packed))
        assert (unpacked.tar_size, unpacked.entries, unpacked.size) == (len(PLAIN), 3, 7 + 3)
        top = store.layers.diff_path(lease.add(unpacked, ""))
        assert (top / "l").read_bytes() == b"content"
    assert store.directories() == []


def test_a_pipe_can_be_the_source_while_it_is_fed(store: LayerStore) -> None:
    reading, writing = os.pipe()
    big = tar(member("f", os.urandom(3_000_000)))

    def feed() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(big)

    thread = threading.Thread(target=feed)
    thread.start()
    seen: list[int] = []
    with store.layers.lease() as lease:
        assert lease.unpack(reading, diff_id(big), seen.append).tar_size == len(big)
    thread.join()
    os.close(reading)
    assert seen == sorted(seen)
    assert seen[-1] > 2_000_000


def test_what_a_file_has_is_kept(store: LayerStore) -> None:
    data = tar(
        directory("d", mode=0o1777, uid=5, gid=6, mtime=1_500_000_000),
        member("d/f", b"x", mode=0o4755, uid=7, gid=70000, pax_headers={"mtime": "1600000000.123456789"}),
        member("cap", b"y", pax_headers={"SCHILY.xattr.user.k": "v", "SCHILY.xattr.trusted.overlay.opaque": "y"}),
        member("fifo", type=tarfile.FIFOTYPE, mode=0o622),
        member("dev", type=tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3),
        link("ln", "/etc/passwd", uid=9),
        hard("h", "d/f"),
        member("old", b"z", mtime=-5),
    )
    top = store.diff(data)
    assert (top / "d").stat().st_mtime == 1_500_000_000
    found = (top / "d/f").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (7, 70000, 0o4755) or found.st_nlink == 2
    assert (top / "h").stat().st_ino == found.st_ino
    assert (top / "d").stat().st_mode & 0o7777 == 0o1777
    assert os.listxattr(top / "cap") == ["user.k"]
    assert stat.S_ISFIFO((top / "fifo").stat().st_mode)
    assert (top / "dev").stat().st_rdev == os.makedev(1, 3)
    assert ((top / "ln").lstat().st_uid, os.readlink(top / "ln")) == (9, "/etc/passwd")
    assert (top / "old").stat().st_mtime == 0  # as Docker: no time before the epoch


def test_whiteouts_become_overlayfs_marks(store: LayerStore) -> None:
    top = store.diff(
        tar(
            member("a/.wh.gone"),
            directory("b"),
            member("b/.wh..wh..opq"),
            member("deep/er/.wh..wh..opq"),
            member(".wh..wh.plnk/1.2"),
            member(".wh.dir"),
            directory("dir"),
            member(".wh.implied"),
            member("implied/f"),
            member("both"),
            member(".wh.both"),
        )
    )
    gone = (top / "a/gone").lstat()
    assert (stat.S_ISCHR(gone.st_mode), gone.st_rdev) == (True, 0)
    for name in ("b", "deep/er", "dir", "implied"):
        assert os.getxattr(top / name, "trusted.overlay.opaque") == b"y"
    assert (top / "both").is_file()
    assert not list(top.rglob(".wh.*"))


def test_implied_directories_take_no_setgid_bit_over(store: LayerStore) -> None:
    # Docker makes and chmods them one by one, so that the group is handed down just once
    top = store.diff(tar(directory("d", mode=0o2755, gid=7), member("d/x/y/z/f", b"1")))
    found = [(top / path).stat() for path in ("d", "d/x", "d/x/y", "d/x/y/z")]
    assert [seen.st_mode & 0o7777 for seen in found] == [0o2755, 0o755, 0o755, 0o755]
    assert [(seen.st_uid, seen.st_gid) for seen in found] == [(0, 7), (0, 7), (0, 0), (0, 0)]


def test_odd_but_sound_tars(store: LayerStore) -> None:
    long = "n" * 200
    data = tar(
        member("./dot/./x/../f", b"1"),  # no parents in the tar
        hard("late", "target"),
        member("target", b"22"),
        member("twice", b"first"),
        member("twice", b"second"),
        directory("turn"),
        member("turn/inside", b"lost"),
        member("turn", b"a file now"),
        member(f"{long}/{long}", b"3"),
        link("s0", "s1"),
        *(link(f"s{i}", f"s{i + 1}") for i in range(1, 10)),
        link("s10", "real"),
        directory("real"),
        member("s0/through", b"4"),
    )
    chain = store.image(data)
    top = store.layers.diff_path(store.layers.chain(chain)[0])
    assert (top / "dot/f").read_bytes() == b"1"
    assert (top / "late").stat().st_ino == (top / "target").stat().st_ino
    assert (top / "twice").read_bytes() == b"second"
    assert (top / "turn").read_bytes() == b"a file now"
    assert (top / long / long).read_bytes() == b"3"
    assert (top / "real/through").read_bytes() == b"4"
    assert store.tar_of(chain) == data


@pytest.mark.parametrize("target", ["usr/lib", "/usr/lib", "./usr/../usr/lib/", "new/../usr/lib", "other"])
def test_links_to_what_a_lower_layer_has(store: LayerStore, target: str) -> None:
    """What is put behind such a link comes with the directory that it leads to, as Docker makes it."""
    data = tar(
        directory("usr", mode=0o755),
        link("lib", target),
        link("other", "usr/lib"),
        member("lib/f", b"1"),
        directory("lib/d", mode=0o700),
        link("lib/l", "f"),
        member("lib/a/b/f", b"2"),
        member("lib/.wh.gone", b""),
    )
    chain = store.image(data)
    top = store.layers.diff_path(store.layers.chain(chain)[0])
    assert set(tree(top / "usr/lib")) == {"f", "d", "l", "a", "a/b", "a/b/f", "gone"}
    assert os.readlink(top / "lib") == target
    assert (top / "usr/lib").stat().st_mode & 0o7777 == 0o755
    assert store.tar_of(chain) == data


def test_links_that_lead_nowhere_for_ever(store: LayerStore) -> None:
    chain = [link(f"l{number}", f"l{number + 1}") for number in range(200)]
    for entries in ([link("l", "l"), member("l/f", b"")], [*chain, member("l0/f", b"")]):
        with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="Too many levels"):
            store.unpack(lease, tar(*entries))


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_is_read_and_written_again(store: LayerStore, format: int) -> None:
    name = f"{'d' * 90}/{'f' * 90}"
    data = tar(directory("d" * 90), member(name, b"x" * 1000), link("l", name[:95]), format=format)
    chain = store.image(gzip.compress(data))
    assert store.tar_of(chain) == store.tar_of(chain, verify=False) == data
    assert (store.layers.diff_path(store.layers.chain(chain)[0]) / name).read_bytes() == b"x" * 1000


def test_bytes_after_the_end_are_kept(store: LayerStore) -> None:
    data = PLAIN + os.urandom(700)
    assert store.tar_of(store.image(data)) == data


def test_an_empty_stream_is_an_empty_layer(store: LayerStore) -> None:
    assert store.tar_of(store.image(b"")) == b""


@pytest.mark.parametrize(
    "option",
    [
        "--sparse --sparse-version=0.0",
        "--sparse --sparse-version=0.1",
        "--sparse --sparse-version=1.0",
        "-S --format=gnu",
    ],
)
def test_sparse_files_stay_sparse(store: LayerStore, tmp_path: Path, option: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with open(source / "hole", "wb") as file:
        for offset in range(0, 40_000_000, 4_000_000):
            file.seek(offset)
            file.write(os.urandom(5000))
        file.truncate(50_000_000)
    archive = tmp_path / "sparse.tar"
    options = option if "gnu" in option else f"{option} --format=pax"
    assert os.system(f"tar -C {source} {options} -cf {archive} hole") == 0
    data = archive.read_bytes()
    assert len(data) < 1_000_000
    chain = store.image(data)
    made = store.layers.diff_path(store.layers.chain(chain)[0]) / "hole"
    assert made.read_bytes() == (source / "hole").read_bytes()
    assert made.stat().st_blocks * 512 < 1_000_000
    assert store.tar_of(chain) == data


# hostile


def outside(tmp_path: Path) -> Path:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "f").write_text("untouched")
    return victim


@pytest.mark.parametrize("up", ["../" * 12, "/", "a/../../../../../../../../../../../"])
def test_no_name_leads_outside(store: LayerStore, tmp_path: Path, up: str) -> None:
    victim = outside(tmp_path)
    top = store.diff(tar(member(f"{up}{str(victim)[1:]}/f", b"hacked"), member(f"{up}{str(victim)[1:]}/new", b"n")))
    assert tree(victim).keys() == {"f"}
    assert (victim / "f").read_text() == "untouched"
    assert (top / str(victim)[1:] / "f").read_bytes() == b"hacked"


@pytest.mark.parametrize("target", ["{victim}", "../../../../../../../../..{victim}"])
def test_no_link_leads_outside(store: LayerStore, tmp_path: Path, target: str) -> None:
    victim = outside(tmp_path)
    goal = target.format(victim=victim)
    with store.layers.lease() as lease:
        aside = store.root / "overlay2" / store.unpack(lease, tar(link("l", goal), member("l/new", b"n"))).cache_id
        assert (aside / "diff" / str(victim)[1:] / "new").read_bytes() == b"n"
    with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="not there"):
        store.unpack(lease, tar(hard("h", f"{goal}/f")))
    with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="not there"):
        store.unpack(lease, tar(link("l", goal), hard("h", "l/f")))
    assert tree(victim).keys() == {"f"}
    assert (victim / "f").stat().st_nlink == 1
    assert store.directories() == []


def _with(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def _sum(data: bytes) -> bytes:
    blank = data[:148] + b" " * 8 + data[156:512]
    return data[:148] + b"%06o\0 " % sum(blank) + data[156:]


def _record(key: str, value: str) -> bytes:
    """A tar with this PAX record before its one file."""
    return tar(member("f", b"abc", pax_headers={key: value}))


HOSTILE: dict[str, bytes] = {
    "no tar": b"this is no tar at all" * 100,
    "wrong checksum": _with(PLAIN, 148, b"000000"),
    "broken off in a header": PLAIN[:700],
    "broken off in a file": tar(member("f", b"x" * 5000))[:2000],
    "one zero block": tar(member("f"))[:512] + bytes(512) + PLAIN,
    "negative size": _sum(_with(tar(member("f", b"abc")), 124, b"\xff" * 12)),
    "huge size": _sum(_with(tar(member("f", b"abc")), 124, b"\x80" + b"\x00" * 3 + b"\x7f" + b"\xff" * 7)),
    "owner that becomes root": _record("uid", str(1 << 32)),
    "negative owner": _record("uid", "-1"),
    "size that is none": _record("size", "0x10"),
    "time that is none": _record("mtime", "yesterday"),
    "whiteout of nothing": tar(member("a/.wh.")),
    "whiteout of the parent": tar(member("a/.wh...")),
    "the root as a file": tar(member("/", b"x")),
    "an unknown kind": tar(member("f", type=b"Q")),
    "a name that is too long": tar(member("n" * 300)),
    "a file as a parent": tar(member("f", b"x"), member("f/g", b"x")),
    "a link in a circle": tar(link("a", "b"), link("b", "a"), member("a/f")),
    "a hard link to itself": tar(hard("a", "b"), hard("b", "a")),
    "a sparse map beyond the file": tar(
        member(
            "f",
            b"abc",
            pax_headers={
                "GNU.sparse.major": "0",
                "GNU.sparse.minor": "1",
                "GNU.sparse.map": "5,3",
                "GNU.sparse.size": "3",
            },
        )
    ),
    "a sparse map that overlaps": tar(
        member(
            "f",
            b"abcd",
            pax_headers={
                "GNU.sparse.major": "0",
                "GNU.sparse.minor": "1",
                "GNU.sparse.map": "0,2,1,2",
                "GNU.sparse.size": "9",
            },
        )
    ),
    "gzip broken off": gzip.compress(PLAIN)[:-12],
    "gzip of a wrong sum": gzip.compress(PLAIN)[:-8] + b"\0" * 8,
    "zstd broken off": zstandard.compress(PLAIN)[:-5],
    "xz broken off": lzma.compress(PLAIN)[:-20],
    "bzip2 broken off": bz2.compress(PLAIN)[:-10],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_sound_layer_is_refused_and_leaves_nothing(store: LayerStore, what: str) -> None:
    with store.layers.lease() as lease, pytest.raises(InvalidParameter):
        store.unpack(lease, HOSTILE[what])
    assert store.directories() == []


def test_pax_records_that_are_none(store: LayerStore) -> None:
    for body in (b"9 a=b\n", b"7 a=b\n!", b"abc", b"6 =bb\n", b"99999999999999999999 a=b\n", b"3 \n", b"5 a\n\n"):
        info = tarfile.TarInfo("x")
        info.type = tarfile.XHDTYPE
        info.size = len(body)
        data = info.tobuf(tarfile.USTAR_FORMAT) + body.ljust(512, b"\0") + tar(member("f"))
        with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="invalid tar"):
            store.unpack(lease, data)


def test_another_layer_than_the_configs_is_refused(store: LayerStore) -> None:
    with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="diff ID"):
        store.unpack(lease, PLAIN, diff_id(b"other"))
    assert store.directories() == []


def test_a_special_header_is_not_taken_into_memory_whole(store: LayerStore) -> None:
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 1 << 30
    with store.layers.lease() as lease, pytest.raises(InvalidParameter, match="extended header"):
        store.unpack(lease, info.tobuf(tarfile.GNU_FORMAT) + b"a" * 5000)


def test_a_deep_tree_is_unpacked_and_removed(store: LayerStore) -> None:
    names = ["/".join(["d"] * depth) for depth in range(1, 1900, 100)]
    chain = store.image(tar(*(directory(name) for name in names), member(f"{names[-1]}/f", b"x")))
    assert store.layers.release(chain)
    assert store.directories() == []


def test_what_was_replaced_many_times_still_writes_the_same_tar(store: LayerStore) -> None:
    data = tar(
        member("a", b"1" * 600), hard("b", "a"), member("a", b"2" * 700), member("b", b"3" * 800),
        directory("d"), member("d/x", b"4" * 900), hard("d/y", "d/x"), link("d", "elsewhere"), member("b", b""),
    )  # fmt: skip
    assert store.tar_of(store.image(data)) == data


def test_damage_on_disk_is_found(store: LayerStore) -> None:
    chain = store.image(PLAIN)
    layer = store.layers.chain(chain)[0]
    (store.layers.diff_path(layer) / "a/f").write_bytes(b"CONTENT")
    with pytest.raises(PydockError, match="damaged"):
        store.tar_of(chain)


def test_memory_stays_small(store: LayerStore) -> None:
    bomb = gzip.compress(tar(member("f", bytes(200_000_000))))
    assert len(bomb) < 1_000_000
    with store.layers.lease() as lease:
        assert store.unpack(lease, bomb).size == 200_000_000


def test_a_stolen_name_of_the_split_is_only_a_name(store: LayerStore) -> None:
    """Names of the engine's own files mean nothing inside a layer."""
    top = store.diff(tar(member("tar-split", b"x"), member("diff/f", b"y"), member("kept/1", b"z")))
    assert tree(top).keys() == {"tar-split", "diff", "diff/f", "kept", "kept/1"}


def test_a_long_pax_path(store: LayerStore) -> None:
    path = "/".join(["p" * 200] * 15)
    assert (store.diff(tar(member(path, b"x"))) / path).read_bytes() == b"x"
