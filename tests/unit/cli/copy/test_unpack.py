"""A tar goes there and back whole, and a hostile one goes nowhere else."""

import io
import os
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pydock.cli.copy import pack
from pydock.cli.copy.paths import Renamer
from pydock.cli.copy.unpack import unpack
from pydock.cli.exits import Exit

NAMES = Renamer([])


def pieces(data: bytes, step: int) -> Iterator[bytes]:
    """`data`, `step` bytes at a time."""
    for start in range(0, len(data), step):
        yield data[start : start + step]


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """What is in a folder: kinds, modes, contents, times, links."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (about.st_mode, content, about.st_nlink if path.is_file() else 0)
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a bit of everything."""
    made = tmp_path / "source"
    (made / "inner" / "empty").mkdir(parents=True)
    (made / "file").write_bytes(os.urandom(100_000))
    (made / ("long" * 40)).write_text("a long name")
    (made / "été").write_text("another script")
    (made / "inner" / "link").symlink_to("../file")
    (made / "inner" / "dangling").symlink_to("x" * 150)
    os.link(made / "file", made / "inner" / "hard")
    os.mkfifo(made / "inner" / "fifo")
    (made / "file").chmod(0o4751)
    (made / "inner").chmod(0o500)
    os.utime(made / "file", (1_500_000_000, 1_500_000_000))
    os.utime(made / "inner", (1_400_000_000, 1_400_000_000))
    return made


@pytest.mark.parametrize("step", [1, 100, 512, 1000, 1 << 20])
def test_a_folder_goes_there_and_back(source: Path, tmp_path: Path, step: int) -> None:
    data = b"".join(pack.pack(str(tmp_path), "source", NAMES))
    target = tmp_path / "target"
    target.mkdir()
    unpack(pieces(data, step) if step > 1 else pieces(data[:2048] + data[2048:], 97), str(target), NAMES)
    assert tree(target / "source") == tree(source)
    assert (target / "source" / "inner").stat().st_mtime == 1_400_000_000
    assert (target / "source" / "file").stat().st_mtime == 1_500_000_000


def test_others_can_read_what_is_packed(source: Path, tmp_path: Path) -> None:
    data = b"".join(pack.pack(str(tmp_path), "source", Renamer([("source", "new")])))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert {name.partition("/")[0] for name in tar.getnames()} == {"new"}
        assert tar.getmember("new/inner/hard").linkname == "new/file"


def archive(*entries: tuple[str, bytes, bytes, str]) -> bytes:
    """A tar of (name, type, content, link)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, content, link in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            info.mode = 0o755
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "entries",
    [
        [("../escaped", tarfile.REGTYPE, b"x", "")],
        [("a/../../escaped", tarfile.REGTYPE, b"x", "")],
        [("link", tarfile.SYMTYPE, b"", ".."), ("link/escaped", tarfile.REGTYPE, b"x", "")],
        [("link", tarfile.SYMTYPE, b"", "/"), ("link/escaped", tarfile.DIRTYPE, b"", "")],
        [("hard", tarfile.LNKTYPE, b"", "../outside")],
        [("dir", tarfile.DIRTYPE, b"", ""), ("dir", tarfile.REGTYPE, b"x", "")],
        [("file", tarfile.REGTYPE, b"x", ""), ("file", tarfile.DIRTYPE, b"", "")],
    ],
)
def test_a_hostile_tar_is_refused(tmp_path: Path, entries: list[tuple[str, bytes, bytes, str]]) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "outside").write_text("mine")
    with pytest.raises((Exit, OSError)):
        unpack(iter([archive(*entries)]), str(target), NAMES)
    assert not (tmp_path / "escaped").exists()
    assert (tmp_path / "outside").stat().st_nlink == 1


def test_a_link_in_the_way_is_replaced_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "outside").write_text("mine")
    (target / "file").symlink_to("../outside")
    unpack(iter([archive(("file", tarfile.REGTYPE, b"new", ""))]), str(target), NAMES)
    assert (tmp_path / "outside").read_text() == "mine"
    assert (target / "file").read_text() == "new"


def test_long_names_of_gnu_are_read(tmp_path: Path) -> None:
    name = "d/" + "n" * 150
    unpack(
        iter([archive((name, tarfile.REGTYPE, b"x", ""), ("l", tarfile.SYMTYPE, b"", "t" * 150))]), str(tmp_path), NAMES
    )
    assert (tmp_path / name).read_text() == "x"
    assert os.readlink(tmp_path / "l") == "t" * 150


@pytest.mark.parametrize("damage", ["truncated", "checksum", "record"])
def test_a_damaged_tar_is_refused(tmp_path: Path, damage: str) -> None:
    data = bytearray(archive(("f", tarfile.REGTYPE, b"x" * 2000, "")))
    if damage == "truncated":
        del data[1500:]
    elif damage == "checksum":
        data[0] ^= 1
    else:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 10 << 20
        data[:0] = info.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(Exit):
        unpack(iter([bytes(data)]), str(tmp_path), NAMES)


def test_a_socket_is_told_of_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / "socket"
    told: list[str] = []
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        data = b"".join(pack.pack(str(tmp_path), "source", Renamer([]), told.append))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == ["source"]
    assert told == [f"Can't add file {path} to tar: archive/tar: sockets not supported"]
