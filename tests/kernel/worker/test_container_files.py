"""cp, export and diff: what Docker's give, inside the root whatever it holds."""

import contextlib
import io
import os
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pydock.errors import Conflict, InvalidParameter, NotFound, System
from pydock.linux.mounts import Mount
from pydock.worker.container_files import ContainerFiles, PutOptions, View
from pydock.worker.view import started
from tests.kernel.imagestore.layer_store import LayerStore, directory, hard, link, member, tar, tree

BASE = tar(
    directory("etc"),
    member("etc/passwd", b"root:x:0:0\n"),
    directory("etc/x"),
    member("etc/x/old", b"1"),
    directory("etc/y"),
    member("etc/y/old", b"2"),
    directory("etc/z", mode=0o755),
    member("etc/z/a", b"x"),
    link("etc/link", "x"),
    link("etc/abs", "/etc/x/old"),
    link("etc/dangle", "nope/../q"),
    member("f1", b"a"),
    member("f2", b"b", mode=0o4755),
    directory("tmp", mode=0o1777),
    directory("data"),
)


USUAL = PutOptions()


class Container:
    """A snapshot that is not running, and one that is: its root mounted in a namespace of a process of its own."""

    def __init__(self, store: LayerStore, scratch: Path) -> None:
        self.store = store
        self.scratch = scratch
        self.files = ContainerFiles(store.jobs)
        self.mounts = store.snapshots.prepare("c", store.image(BASE))
        self.upper = store.snapshots.directories("c").upper
        self._process: subprocess.Popen[bytes] | None = None

    def view(self, *mounts: Mount) -> View:
        """The container as it is seen when it does not run."""
        return View(mounts=(*self.mounts, *mounts))

    def run(self, script: str, *mounts: Mount) -> View:
        """Run Python inside the root until it says that it is ready; the view of the running container."""
        code = (
            "import os, shutil, sys, time\n"
            "from pydock.worker import view\n"
            "from pydock.linux.mounts import Mount\n"
            f"root = view.make({(*self.mounts, *mounts)!r}, {str(self.scratch)!r})\n"
            "os.fchdir(root)\n"
            "from pydock.linux import mount as m\n"
            "m.pivot_root('.', '.')\n"
            "m.umount2('.', m.MNT_DETACH)\n"
            "os.chdir('/')\n"
            f"{script}\n"
            "print('ready', flush=True)\n"
            "time.sleep(1000)\n"
        )
        self._process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return View(pid=self._process.pid, start_time=started(self._process.pid))

    def stop(self) -> None:
        """End the process of `run`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def read(self, view: View, path: str) -> dict[str, tarfile.TarInfo]:
        """What `cp` out of the container brings."""
        return {info.name: info for info in self.archive(view, path)}

    def archive(self, view: View, path: str) -> tarfile.TarFile:
        """The tar that `cp` reads."""
        with tempfile.TemporaryFile() as file:
            self.files.read(view, path, file.fileno())
            file.seek(0)
            return tarfile.open(fileobj=io.BytesIO(file.read()))

    def write(self, view: View, path: str, data: bytes, options: PutOptions = USUAL) -> None:
        """Copy a tar into the container."""
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            self.files.write(view, path, file.fileno(), options)


@pytest.fixture
def container(store: LayerStore, tmp_path: Path) -> Iterator[Container]:
    (tmp_path / "scratch").mkdir()
    container = Container(store, tmp_path / "scratch")
    yield container
    container.stop()


@pytest.fixture(params=["stopped", "running"])
def view(request: pytest.FixtureRequest, container: Container) -> View:
    return container.view() if request.param == "stopped" else container.run("")


def test_stat_says_what_dockers_says(container: Container, view: View) -> None:
    stat = container.files.stat(view, "/etc/link").wire()
    assert stat == {
        "name": "link",
        "size": 1,
        "mode": 134218239,
        "mtime": "2023-11-14T22:13:20Z",
        "linkTarget": "/etc/x",
    }
    assert container.files.stat(view, "f2").wire()["mode"] == 0o755 | 1 << 23
    assert container.files.stat(view, "/etc/link/").wire()["linkTarget"] == ""
    assert container.files.stat(view, "/etc/dangle").link_target == "/etc/q"
    names = {path: container.files.stat(view, path).name for path in ("/", "/etc/", "/etc/.", "etc/x")}
    assert names == {"/": "/", "/etc/": "etc", "/etc/.": ".", "etc/x": "x"}
    assert container.files.stat(view, "/tmp").mode == 0o777 | 1 << 31 | 1 << 20
    with pytest.raises(NotFound, match="Could not find the file /nope in container"):
        container.files.stat(view, "/nope")
    with pytest.raises(NotFound):  # ".." is taken off the path before links are followed, as in Docker
        container.files.stat(view, "/etc/link/../x/../../etc/link/../q")
    for path in ("/f1/", "/f1/x"):
        with pytest.raises(System, match=f"lstat {path}: not a directory"):
            container.files.stat(view, path)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/etc/x", ["x", "x/old"]),
        ("/etc/x/", ["x", "x/old"]),
        ("/etc/x/.", [".", "./old"]),
        ("/etc/link", ["link"]),
        ("/etc/link/", ["link", "link/old"]),
        ("etc/passwd", ["passwd"]),
        ("/../../etc/passwd", ["passwd"]),
    ],
)
def test_names_in_what_is_read_are_dockers(container: Container, view: View, path: str, names: list[str]) -> None:
    assert list(container.read(view, path)) == names


def test_the_root_is_read_whole(container: Container, view: View) -> None:
    names = [info.name for info in container.archive(view, "/")]
    assert names[0] == ""
    assert "/etc/x/old" in names
    assert "/.dockerenv" in names


def test_reading_never_hangs_and_leaves_sockets_out(container: Container) -> None:
    os.mkfifo(container.upper / "fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        with contextlib.chdir(container.upper):
            sock.bind("sock")
    read = container.read(container.view(), "/")
    assert read["/fifo"].isfifo()
    assert "/sock" not in read
    assert container.read(container.view(), "/fifo")["fifo"].isfifo()


def test_what_is_written_is_there(container: Container, view: View) -> None:
    big = os.urandom(5_000_000)
    container.write(
        view,
        "/etc",
        tar(
            member("new", big, uid=3, gid=4, mode=0o640),
            directory("d"),
            hard("h", "new", uid=3, gid=4, mode=0o640),
            link("l", "/f1"),
        ),
    )
    made = container.upper / "etc/new"
    assert made.read_bytes() == big
    assert (made.stat().st_uid, made.stat().st_gid, made.stat().st_mode & 0o7777) == (3, 4, 0o640)
    archive = container.archive(view, "/etc/new")
    content = archive.extractfile("new")
    assert content is not None
    assert content.read() == big
    container.write(view, "/etc/link", tar(member("through", b"x")))
    assert (container.upper / "etc/x/through").exists()


def test_the_owner_can_be_another_than_the_tars(container: Container) -> None:
    container.write(container.view(), "/data", tar(member("a/b/f", b"x", uid=3)), PutOptions(owner=(1000, 1001)))
    found = tree(container.upper / "data", lambda found: (found.st_uid, found.st_gid))
    assert found == {"a": (1000, 1001), "a/b": (1000, 1001), "a/b/f": (1000, 1001)}


def test_what_docker_refuses_is_refused_in_its_words(container: Container, view: View) -> None:
    for path, data, options, words in [
        ("/f1", tar(), PutOptions(), "extraction point is not a directory"),
        ("/etc", tar(member("x", b"f")), PutOptions(keep_directories=True), 'cannot overwrite directory "x" with non'),
        ("/etc", tar(directory("passwd")), PutOptions(keep_directories=True), 'overwrite non-directory "passwd" with'),
        ("/etc", tar(member("../up", b"f")), PutOptions(), 'invalid entry name "../up"'),
        ("/etc", tar(), PutOptions(read_only=True), "container rootfs is marked read-only"),
        ("/data", tar(), PutOptions(read_only_mounts=("/data",)), "mounted volume is marked read-only"),
        ("/etc/link", tar(), PutOptions(read_only_mounts=("/etc/x",)), "mounted volume is marked read-only"),
    ]:
        with pytest.raises(InvalidParameter, match=words):
            container.write(view, path, data, options)
    with pytest.raises(NotFound, match="Could not find the file /nope in container"):
        container.write(view, "/nope", tar())
    container.write(view, "/data", tar(member("f")), PutOptions(read_only=True, writable_mounts=("/data",)))
    container.write(view, "/etc", tar(member("x", b"f")))
    assert (container.upper / "etc/x").read_bytes() == b"f"


def test_a_link_to_itself_is_refused(container: Container) -> None:
    view = container.run("os.symlink('loop', '/loop')\n")
    with pytest.raises(System, match="evalSymlinksInScope: too many links in /loop"):
        container.files.stat(view, "/loop")
    with pytest.raises(System, match="EvalSymlinks: too many links"):
        container.write(view, "/loop", tar())


def test_a_broken_upload_is_an_error(container: Container, view: View) -> None:
    with pytest.raises(InvalidParameter, match="unexpected end"):
        container.write(view, "/data", tar(member("f", b"x" * 9000))[:5000])


def test_volumes_are_seen_and_written(container: Container, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "v").write_text("here")
    bound = tmp_path / "file"
    bound.write_text("bound")
    mounts = (Mount("bind", str(volume), "/data", ("rbind",)), Mount("bind", str(bound), "/etc/passwd", ("bind",)))
    for view in (container.view(*mounts), container.run("", *mounts)):
        assert list(container.read(view, "/data")) == ["data", "data/v"]
        assert container.files.stat(view, "/etc/passwd").size == 5
        container.write(view, "/data", tar(member("w", b"x")))
        assert (volume / "w").read_bytes() == b"x"
        (volume / "w").unlink()
        with pytest.raises(System, match="RemoveAll passwd: device or resource busy"):
            container.write(view, "/etc", tar(member("passwd", b"x")))
    assert not (container.upper / "data").exists()


def test_who_reads_a_stopped_container_may_find_it_started(container: Container, tmp_path: Path) -> None:
    """An overlay that was mounted a second time to be written would empty the first one's work directory."""
    os.chmod(container.upper, 0o751)
    stopped = container.view(Mount("bind", str(tmp_path), "/not/there/yet", ("rbind",)))
    script = """
if not os.fork():
    while not os.path.exists("/data/go") and os.getppid() != 1:
        time.sleep(0.01)
    os.rename("/etc/passwd", "/etc/passed")
    os.unlink("/f1")
    open("/etc/x/old", "a").write("2")
    os.rename("/data/go", "/data/gone")
    os._exit(0)
"""
    container.run(script, Mount("bind", str(tmp_path), "/data", ("rbind",)))
    assert container.files.stat(stopped, "/not/there/yet").mode & 1 << 31
    assert container.files.stat(stopped, "/").mode & 0o777 == 0o751
    assert "yet/scratch" in container.read(stopped, "/not/there/yet")
    assert not (container.upper / "not").exists()
    (tmp_path / "go").touch()
    deadline = time.monotonic() + 60
    while not (tmp_path / "gone").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (container.upper / "etc/x/old").read_bytes() == b"12"


def test_links_of_a_hostile_container_lead_nowhere(container: Container, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "f").write_text("untouched")
    script = (
        f"os.symlink({str(victim)!r}, '/out')\n"
        f"os.symlink('../../../../../..{victim}', '/up')\n"
        f"os.mkdir('/proc', 0o755) if not os.path.isdir('/proc') else None\n"
        "m.mount('proc', '/proc', 'proc')\n"
        f"os.symlink('/proc/{os.getpid()}/root{victim}', '/magic')\n"
    )
    view = container.run(script)
    for path in ("/out", "/up", "/magic"):
        with pytest.raises(NotFound):
            container.write(view, path, tar(member("f", b"hacked")))
        with pytest.raises(NotFound):
            container.read(view, f"{path}/")
    assert container.files.stat(view, "/magic").mode & 1 << 27
    assert (victim / "f").read_text() == "untouched"


def test_no_module_of_a_container_is_imported(container: Container) -> None:
    mark = container.upper / "imported"
    for name in ("encodings/latin_1.py", "encodings/idna.py", "tarfile.py", "pwd.py", "stringprep.py"):
        for place in sys.path[1:]:
            path = container.upper / place.lstrip("/") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("open('/imported', 'w')")
    for view in (container.view(), container.run("")):
        container.read(view, "/")
        container.write(view, "/data", tar(member("f\udcff", b"x", pax_headers={"uname": "é"})))
        with pytest.raises(InvalidParameter):
            container.write(view, "/data", b"nonsense" * 100)
    assert not mark.exists()


@pytest.mark.parametrize("enter", ["make", "join", "join_root"])
def test_no_device_is_opened_whatever_takes_a_files_place(container: Container, enter: str) -> None:
    """By cp nothing forbids what the container's own group does."""
    os.mknod(container.upper / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    arguments = f"{container.mounts!r}, {str(container.scratch)!r}"
    if enter != "make":
        running = container.run(
            "m.mount_setattr(os.open('/', os.O_PATH), clear=m.MOUNT_ATTR_NODEV, flags=m.AT_RECURSIVE)\n"
            "os.close(os.open('/null', os.O_RDWR))"
        )
        arguments = f"{running.pid}, {running.start_time}"
    code = f"""
import os
from pydock.linux.mounts import Mount
from pydock.worker import view
root = view.{enter}({arguments})
assert os.stat("null", dir_fd=root).st_rdev == os.makedev(1, 3)
os.open("null", os.O_RDONLY, dir_fd=root)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "PermissionError: [Errno 13] Permission denied: 'null'" in done.stderr


def test_a_process_that_took_the_containers_number_is_not_entered(container: Container) -> None:
    view = container.run("")
    with pytest.raises(Conflict):
        container.files.stat(View(pid=view.pid, start_time=view.start_time - 1), "/")
    os.kill(view.pid, signal.SIGKILL)
    container.stop()
    with pytest.raises(Conflict):
        container.files.stat(view, "/")


def test_export_is_the_root_alone_running_or_not(container: Container, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/v").touch()
    mount = Mount("bind", str(tmp_path / "volume"), "/data", ("rbind",))
    running = container.run("open('/made', 'w'); os.unlink('/f1')", mount)
    # what runs is not mounted a second time: the kernel warns of an upper directory that is
    for mounts in ((), container.mounts):
        with tempfile.TemporaryFile() as file:
            container.files.export(replace(running, mounts=mounts), file.fileno())
            file.seek(0)
            with tarfile.open(fileobj=file) as archive:
                names = archive.getnames()
        assert {"made", "etc/passwd", "data", ".dockerenv", "dev/console"} <= set(names)
        assert not {"f1", "data/v"} & set(names)
        assert names == sorted(names, key=lambda name: name.split("/"))
        container.stop()


def test_diff_is_what_dockers_comparison_finds(container: Container) -> None:
    script = """
shutil.rmtree("/etc/x"); os.mkdir("/etc/x"); open("/etc/x/new", "w")
os.unlink("/etc/y/old"); os.unlink("/f1"); open("/f2", "w").write("q")
os.makedirs("/a/b"); open("/a/b/c", "w"); os.link("/a/b/c", "/a/h"); os.mkfifo("/a/fifo"); os.symlink("/etc", "/a/l")
shutil.rmtree("/tmp"); open("/etc/passwd", "r+"); shutil.copytree("/etc/z", "/etc/zz"); shutil.rmtree("/etc/z")
os.utime("/data"); open("/etc/hosts2", "w")
"""
    container.run(script)
    directories = container.store.snapshots.directories("c")
    changes = container.files.changes(directories.upper, directories.lower)
    assert [f"{'CAD'[change.kind]} {change.path}" for change in changes] == [
        "A /a", "A /a/b", "A /a/b/c", "A /a/fifo", "A /a/h", "A /a/l", "C /etc", "A /etc/hosts2", "C /etc/x",
        "A /etc/x/new", "D /etc/x/old", "C /etc/y", "D /etc/y/old", "D /etc/z", "A /etc/zz", "A /etc/zz/a", "D /f1",
        "C /f2", "D /tmp",
    ]  # fmt: skip


def test_nothing_stays_mounted(container: Container) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    container.read(container.view(), "/etc")
    with open("/dev/null", "wb") as null:
        container.files.export(View(mounts=container.mounts), null.fileno())
    assert Path("/proc/self/mountinfo").read_text() == before
