"""The volumes service over a real file system: life, removal, driver options, subpaths, copy-up, crashes."""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import stat
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pydock.daemon.volumes.service import Volume, Volumes
from pydock.errors import Conflict, InvalidParameter, NotFound, System
from pydock.linux import mount
from pydock.linux.mounts import Mount
from tests.kernel.daemon.daemon_process import PATIENCE
from tests.kernel.daemon_volumes.conftest import VolumeStage

ME, OTHER = "1" * 64, "2" * 64
#: ioctl_iflags(2)
FS_IOC_SETFLAGS, FS_APPEND_FL = 0x40086602, 0x20


def names(volumes: list[Volume]) -> list[str]:
    return [volume.name for volume in volumes]


def told(stage: VolumeStage) -> list[tuple[str, str]]:
    return [(event.action, event.id) for event in stage.events]


def test_life(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        volume = await volumes.create("data", labels={"a": "b"})
        assert volume == await volumes.create("data", "local")
        assert volume.path == stage.root / "volumes/data/_data"
        assert stat.S_IMODE(volume.path.stat().st_mode) == 0o755
        assert await volumes.get("data") == volume
        await volumes.refer("data", ME)
        assert await volumes.acquire("data", ME, destination="/d", writable=False) == volume.path
        with pytest.raises(Conflict, match=rf"remove data: volume is in use - \[{ME}\]"):
            await volumes.remove("data", force=True)
        await volumes.release(ME)
        await volumes.unrefer(ME)
        (volume.path / "sub/dir").mkdir(parents=True)
        (volume.path / "sub/file").write_text("x")
        await volumes.remove("data")
        with pytest.raises(NotFound, match="get data: no such volume"):
            await volumes.get("data")
        with pytest.raises(NotFound):
            await volumes.remove("data")
        await volumes.remove("data", force=True)
        assert os.listdir(stage.root / "volumes") == []

    stage.play(scene)
    assert told(stage) == [("create", "data"), ("mount", "data"), ("unmount", "data"), ("destroy", "data")]
    assert stage.events[1].attributes == {
        "container": ME, "destination": "/d", "driver": "local", "propagation": "", "read/write": "false",
    }  # fmt: skip
    assert stage.events[2].attributes == {"container": ME, "driver": "local"}


def test_what_containers_refer_to_is_known_again(stage: VolumeStage) -> None:
    async def before(volumes: Volumes) -> None:
        for name in ("used", "free", "ram"):
            options = {"type": "tmpfs", "device": "tmpfs"} if name == "ram" else None
            await volumes.create(name, options=options)
        (await volumes.acquire("ram", ME)).joinpath("file").touch()

    async def after(volumes: Volumes) -> None:
        with pytest.raises(Conflict, match=rf"remove used: volume is in use - \[{ME}\]"):
            await volumes.remove("used")
        assert (await stage.pruning.prune({"all": ["true"]}))[0] == ["free"]
        path = await volumes.acquire("ram", OTHER)
        assert (path / "file").exists()
        await volumes.release(OTHER)
        assert path.is_mount()  # the one that outlived the daemon still has it
        await volumes.release(ME)
        assert not path.is_mount()

    stage.play(before)
    stage.play(after, [("used", ME), ("ram", ME)], [("ram", ME)])


def test_one_winner_for_a_name(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        made = await asyncio.gather(*(volumes.create("same", labels={"n": str(n)}) for n in range(20)))
        assert len({tuple((one.labels or {}).items()) for one in made}) == 1
        done = await asyncio.gather(*(volumes.remove("same") for _ in range(5)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["NoneType", *["NotFound"] * 4]

    stage.play(scene)
    assert told(stage) == [("create", "same"), ("destroy", "same")]


def test_what_is_recorded_survives(stage: VolumeStage) -> None:
    async def before(volumes: Volumes) -> list[Volume]:
        await volumes.create("plain")
        await volumes.create("full", labels={"a": ""}, options={"type": "tmpfs", "device": "tmpfs"})
        await volumes.create(labels={"x": "y"})
        return (await volumes.select({}))[0]

    async def after(volumes: Volumes) -> list[Volume]:
        return (await volumes.select({}))[0]

    first = stage.play(before)
    assert first == stage.play(after)
    anonymous = next(volume for volume in first if volume.anonymous)
    assert len(anonymous.name) == 64
    assert anonymous.labels == {"x": "y", "com.docker.volume.anonymous": ""}


def test_a_server_that_does_not_answer_does_not_keep_the_engine_from_starting(stage: VolumeStage) -> None:
    async def before(volumes: Volumes) -> Path:
        return (await volumes.create("gone", options={"type": "nfs", "device": ":/x", "o": "addr=192.0.2.1"})).path

    async def after(volumes: Volumes) -> list[str]:
        await volumes.settle()
        return names((await volumes.select({}))[0])

    path = stage.play(before)
    try:
        server = os.open("/dev/fuse", os.O_RDWR)  # it is never read
    except OSError:
        pytest.skip("no FUSE")
    try:
        mount.mount("gone", str(path), "fuse", 0, f"fd={server},rootmode=40000,user_id=0,group_id=0")
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(stage.play, after)
            try:
                assert found.result(PATIENCE) == ["gone"]
            finally:
                os.close(server)  # whoever waits for it is told that it is gone
                server = -1
        assert not mount.is_mount_point(str(path))
    finally:
        if server >= 0:
            os.close(server)
        with contextlib.suppress(OSError):
            mount.umount2(str(path), mount.MNT_DETACH)


def test_crashes(stage: VolumeStage) -> None:
    async def before(volumes: Volumes) -> None:
        for name in ("removing", "no-directory", "kept"):
            (await volumes.create(name)).path.joinpath("file").write_text(name)

    stage.play(before)
    root = stage.root / "volumes"
    stage.driver.begin_removal("removing")  # the row is still there
    (root / ".removing-older/_data/x").mkdir(parents=True)  # its row is gone
    stage.driver.begin_removal("no-directory")
    stage.driver.finish_removal("no-directory")
    (root / "stranger/_data").mkdir(parents=True)
    (root / "no-volume").mkdir()

    async def after(volumes: Volumes) -> list[str]:
        assert (await volumes.get("kept")).path.joinpath("file").read_text() == "kept"
        assert list((await volumes.get("no-directory")).path.iterdir()) == []
        return names((await volumes.select({}))[0])

    assert stage.play(after) == ["kept", "no-directory", "stranger"]
    assert sorted(os.listdir(root)) == ["kept", "no-directory", "no-volume", "stranger"]
    with sqlite3.connect(stage.root / "index.db") as index:
        assert [row[0] for row in index.execute("SELECT name FROM volumes")] == ["kept", "no-directory", "stranger"]
    index.close()


def test_prune(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        used, free = await volumes.create(), await volumes.create(labels={"keep": "1"})
        await volumes.create("named")
        await volumes.create("odd", options={"type": "tmpfs", "device": "tmpfs"})
        await volumes.refer(used.name, ME)
        (free.path / "file").write_bytes(b"x" * 1000)
        os.link(free.path / "file", free.path / "same")
        assert await stage.pruning.prune({"label!": ["keep"]}) == ([], 0)
        assert await stage.pruning.prune({"label": ["keep=1"]}) == ([free.name], 1000)
        assert await stage.pruning.prune({"all": ["1"]}) == (["named"], 0)
        assert sorted(names((await volumes.select({}))[0])) == sorted([used.name, "odd"])
        with pytest.raises(InvalidParameter, match="invalid filter 'foo'"):
            await stage.pruning.prune({"foo": ["x"]})

    stage.play(scene)
    assert [event.attributes["reclaimed"] for event in stage.events if event.action == "prune"] == ["0", "1000", "0"]


def test_anonymous_volumes_go_with_their_container(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        mine, shared, named = await volumes.create(), await volumes.create(), await volumes.create("named")
        for volume in (mine, shared, named):
            await volumes.refer(volume.name, ME)
        await volumes.refer(shared.name, OTHER)
        await volumes.unrefer(ME, [mine.name, shared.name, named.name, "never-was"])
        assert sorted(names((await volumes.select({}))[0])) == sorted([shared.name, "named"])

    stage.play(scene)


def test_driver_options(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        await volumes.create("ram", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000,noexec"})
        path = await volumes.acquire("ram", ME)
        assert path.is_mount()
        assert path.stat().st_uid == 1000
        assert os.statvfs(path).f_flag & os.ST_NOEXEC
        (path / "file").write_text("x")
        await volumes.acquire("ram", OTHER)
        await volumes.release(ME)
        assert (path / "file").exists()
        await volumes.release(OTHER)
        assert not path.is_mount()
        await volumes.remove("ram")

    stage.play(scene)


def test_bind_and_what_cannot_be_mounted(stage: VolumeStage) -> None:
    source = stage.root / "source"
    source.mkdir()
    (source / "file").write_text("x")

    async def scene(volumes: Volumes) -> None:
        await volumes.create("bound", options={"type": "none", "device": str(source), "o": "bind,ro"})
        path = await volumes.acquire("bound", ME)
        assert (path / "file").read_text() == "x"
        with pytest.raises(OSError):
            (path / "new").touch()
        await volumes.remove("bound")
        assert (source / "file").exists()  # unmounted before it was removed
        await volumes.create("bad", options={"type": "none", "device": "/nope", "o": "bind"})
        where = stage.driver.path("bad")
        with pytest.raises(
            System,
            match=f"error while mounting volume '{where}': failed to mount local volume: "
            f"mount /nope:{where}, flags: 0x1000: no such file or directory",
        ):
            await volumes.acquire("bad", ME)

    stage.play(scene)


def test_a_bind_is_mounted_once_and_never_removed_through(stage: VolumeStage) -> None:
    """The source is on the volume's own file system: only the mount itself tells the two apart."""
    source = stage.root / "source"
    (source / "directory").mkdir(parents=True)
    (source / "directory/file").write_text("x")

    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("bound", options={"type": "none", "device": str(source), "o": "bind"})).path
        for holder in (ME, OTHER, "third"):
            await volumes.acquire("bound", holder)
        assert mounts_at(path) == 1
        for holder in (ME, OTHER, "third"):
            await volumes.release(holder)
        assert mounts_at(path) == 0

    stage.play(scene)

    async def removal(volumes: Volumes) -> None:
        path = stage.driver.path("bound")
        for _ in range(3):  # as an earlier version left them
            mount.mount(str(source), str(path), "", mount.MS_REC | 0x1000)
        await volumes.remove("bound")
        assert mounts_at(path) == 0

    stage.play(removal)
    assert (source / "directory/file").read_text() == "x"
    assert os.listdir(stage.root / "volumes") == []


def test_what_is_mounted_in_a_volume_is_not_removed(stage: VolumeStage) -> None:
    source = stage.root / "source"
    source.mkdir()
    (source / "file").write_text("x")

    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("data")).path
        (path / "inside").mkdir()
        mount.mount(str(source), str(path / "inside"), "", 0x1000)
        with pytest.raises(OSError, match="something is mounted"):
            await volumes.remove("data")
        assert (await volumes.select({}))[0] == []

    async def once_more(volumes: Volumes) -> None:
        await volumes.create("data")
        with pytest.raises(OSError, match="something is mounted"):
            await volumes.remove("data")
        assert names((await volumes.select({}))[0]) == ["data"]

    try:
        stage.play(scene)
        stage.play(once_more)  # what cannot be deleted keeps nobody from starting
    finally:
        mount.umount2(str(stage.root / "volumes/.removing-data/_data/inside"), mount.MNT_DETACH)
    assert (source / "file").read_text() == "x"

    async def at_last(volumes: Volumes) -> None:
        await volumes.remove("data")

    stage.play(at_last)
    assert os.listdir(stage.root / "volumes") == []


def mounts_at(path: Path) -> int:
    """How often something is mounted at `path`."""
    return sum(line.split()[4] == str(path) for line in Path("/proc/self/mountinfo").read_text().splitlines())


def test_subpath(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("data")).path
        (path / "sub/dir").mkdir(parents=True)
        (path / "sub/file").write_text("x")
        (path / "in").symlink_to("sub")
        (path / "out").symlink_to("/")
        (path / "up").symlink_to("../..")
        pinned = await volumes.acquire("data", ME, "in")
        assert sorted(os.listdir(pinned)) == ["dir", "file"]
        (path / "sub").rename(path / "moved")  # nobody can swap what is pinned
        (path / "sub").symlink_to("/")
        assert sorted(os.listdir(pinned)) == ["dir", "file"]
        assert (await volumes.acquire("data", ME, "moved/file")).read_text() == "x"
        for bad in ("out", "up", "../x", "/moved", "out/etc"):
            with pytest.raises(InvalidParameter):
                await volumes.acquire("data", ME, bad)
        with pytest.raises(NotFound, match=r"cannot access path .*/none: no such file or directory"):
            await volumes.acquire("data", ME, "none")
        await volumes.release(ME)
        assert os.listdir(stage.root / "pins") == []
        assert (path / "moved/file").exists()

    stage.play(scene)


def image(root: Path) -> tuple[Mount, ...]:
    """The mounts of a root with something to copy in /v; the owner and the file come from different layers."""
    top, bottom, upper, work = (root / name for name in ("top", "bottom", "upper", "work"))
    for directory in (top / "v", bottom / "v", upper, work):
        directory.mkdir(parents=True)
    (bottom / "v/file").write_text("content")
    (bottom / "v/gone").write_text("")
    os.mknod(top / "v/gone", stat.S_IFCHR, 0)  # a white-out
    os.chmod(bottom / "v/file", 0o4640)
    os.chown(bottom / "v/file", 1000, 1001)
    os.chmod(bottom / "v/file", 0o4640)
    os.setxattr(bottom / "v/file", "user.colour", b"blue")
    os.setxattr(bottom / "v/file", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    os.link(bottom / "v/file", bottom / "v/same")
    (bottom / "v/link").symlink_to("/etc/passwd")
    os.lchown(bottom / "v/link", 5, 6)
    (bottom / "v/sub/deep").mkdir(parents=True)
    (bottom / "v/sub/deep/f").write_bytes(os.urandom(100_000))
    os.mkfifo(bottom / "v/fifo")
    os.utime(bottom / "v/sub/deep", (1, 2))
    os.chown(top / "v", 7, 8)
    os.chmod(top / "v", 0o2750)
    (bottom / "link").symlink_to("/v")
    (bottom / "out").symlink_to("../../../../../..")
    (bottom / "plain").write_text("")
    return (Mount("overlay", "overlay", "/", (f"upperdir={upper}", f"workdir={work}"), (str(top), str(bottom))),)


def test_copy_up(stage: VolumeStage) -> None:
    rootfs = image(stage.root)

    async def scene(volumes: Volumes) -> None:
        for name, target in (("direct", "/v"), ("by-link", "/link/")):
            path = (await volumes.create(name)).path
            await volumes.copy_up(name, ME, rootfs, target)
            assert sorted(os.listdir(path)) == ["fifo", "file", "link", "same", "sub"]
            own = path.stat()
            assert (own.st_uid, own.st_gid, stat.S_IMODE(own.st_mode)) == (7, 8, 0o2750)
            file = (path / "file").stat()
            assert (file.st_uid, file.st_gid, stat.S_IMODE(file.st_mode), file.st_nlink) == (1000, 1001, 0o4640, 2)
            assert file.st_ino == (path / "same").stat().st_ino
            assert os.getxattr(path / "file", "user.colour") == b"blue"
            assert os.getxattr(path / "file", "security.capability")[3] == 2
            assert os.readlink(path / "link") == "/etc/passwd"
            assert (path / "link").lstat().st_gid == 6
            assert (path / "sub/deep").stat().st_mtime == 2
            assert (path / "sub/deep/f").read_bytes() == (stage.root / "bottom/v/sub/deep/f").read_bytes()
            assert stat.S_ISFIFO((path / "fifo").stat().st_mode)

    stage.play(scene)


def test_copy_up_leaves_alone(stage: VolumeStage) -> None:
    rootfs = image(stage.root)

    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("full")).path
        (path / "mine").write_text("")
        await volumes.copy_up("full", ME, rootfs, "/v")
        assert os.listdir(path) == ["mine"]
        path = (await volumes.create("empty")).path
        await volumes.copy_up("empty", ME, rootfs, "/not/there")
        await volumes.copy_up("empty", ME, rootfs, "/plain/below")
        assert os.listdir(path) == []
        with pytest.raises(Conflict, match="cannot mount volume over existing file, file exists /plain"):
            await volumes.copy_up("empty", ME, rootfs, "/plain")
        # a link that leads out leads to the root itself: the volume gets what the image has there
        await volumes.copy_up("empty", ME, rootfs, "/out")
        assert sorted(os.listdir(path)) == ["link", "out", "plain", "v"]

    stage.play(scene)


def test_a_copy_up_that_fails_leaves_nothing(stage: VolumeStage) -> None:
    rootfs = image(stage.root)

    async def scene(volumes: Volumes) -> None:
        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=20k"}
        await volumes.create("small", options=options)
        path = await volumes.acquire("small", OTHER)
        with pytest.raises(
            System, match=r"^failed to copy files: copy .*/small/_data/sub/deep/f: no space left on device$"
        ):
            await volumes.copy_up("small", ME, rootfs, "/v")
        assert os.listdir(path) == []
        await volumes.release(OTHER)
        with pytest.raises(System, match="failed to copy files"):
            await volumes.copy_up("small", ME, rootfs, "/v")
        assert not path.is_mount()

    stage.play(scene)


def test_a_volume_whose_owner_cannot_be_changed_is_not_filled(stage: VolumeStage) -> None:
    rootfs = image(stage.root)

    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("data")).path
        directory = os.open(path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, FS_IOC_SETFLAGS, struct.pack("l", FS_APPEND_FL))
        except OSError:
            pytest.skip("no directories that can only be appended to")
        try:
            with pytest.raises(System, match=r"^failed to chmod on .*/data/_data: chmod .*: operation not permitted$"):
                await volumes.copy_up("data", ME, rootfs, "/v")
            assert os.listdir(path) == []
        finally:
            fcntl.ioctl(directory, FS_IOC_SETFLAGS, struct.pack("l", 0))
            os.close(directory)

    stage.play(scene)


def test_usage(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        path = (await volumes.create("data")).path
        (path / "file").write_bytes(b"x" * 10)
        (path / "etc").symlink_to("/etc")
        await volumes.refer("data", ME)
        await volumes.create("odd", options={"type": "tmpfs", "device": "tmpfs"})
        assert [(one.name, size, count) for one, size, count in await volumes.usage()] == [
            ("data", 14, 1),
            ("odd", -1, 0),
        ]

    stage.play(scene)


def test_a_deep_tree_is_removed(stage: VolumeStage) -> None:
    async def scene(volumes: Volumes) -> None:
        here = os.open((await volumes.create("deep")).path, os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d" * 20, dir_fd=here)
            inner = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(here)
        assert [size for _, size, _ in await volumes.usage()] == [0]
        await volumes.remove("deep")
        assert os.listdir(stage.root / "volumes") == []

    stage.play(scene)
