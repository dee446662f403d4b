"""Files by descriptor, on the running kernel."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pydock.linux import files


def test_a_sealed_memory_file_keeps_its_content_for_good() -> None:
    descriptor = files.sealed_memory_file("test", b"content", executable=True)
    try:
        assert os.pread(descriptor, 100, 0) == b"content"
        assert os.fstat(descriptor).st_mode & 0o111
        for attempt in (lambda: os.pwrite(descriptor, b"x", 0), lambda: os.ftruncate(descriptor, 0)):
            with pytest.raises(PermissionError):
                attempt()
    finally:
        os.close(descriptor)


def test_openat2_keeps_links_inside_a_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("mine")
    (tmp_path / "link").symlink_to("/etc/passwd")
    root = os.open(tmp_path, os.O_PATH)
    try:
        descriptor = files.openat2(root, "link", os.O_RDONLY, resolve=files.RESOLVE_IN_ROOT)
        assert os.read(descriptor, 10) == b"mine"
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)
        with pytest.raises(OSError) as caught:
            files.openat2(root, "link", os.O_RDONLY, resolve=files.RESOLVE_NO_SYMLINKS)
        assert (caught.value.errno, caught.value.filename) == (errno.ELOOP, "link")
    finally:
        os.close(root)


def test_a_file_systems_type_is_told() -> None:
    with open("/proc/self/status") as file:
        assert files.filesystem_type(file.fileno()) == files.PROC_SUPER_MAGIC


def test_tee_copies_without_consuming() -> None:
    source, fill = os.pipe()
    copy, target = os.pipe()
    os.write(fill, b"abc")
    assert files.tee(source, target, 10) == 3
    assert (os.read(source, 10), os.read(copy, 10)) == (b"abc", b"abc")
    for descriptor in (source, fill, copy, target):
        os.close(descriptor)


def test_a_terminals_other_side_is_found_without_a_path() -> None:
    master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    files.unlock_terminal(master)
    peer = files.terminal_peer(master)
    os.write(peer, b"x")
    assert os.read(master, 10) == b"x"
    os.close(peer)
    os.close(master)


def test_what_sub_directories_hold_is_spread_where_the_file_system_can(tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(2):
            files.spread_subdirectories(directory)
        if files.filesystem_type(directory) == files.EXT_SUPER_MAGIC:
            (tmp_path / "below").mkdir()
            shown = subprocess.run(["lsattr", "-dp", tmp_path, tmp_path / "below"], stdout=subprocess.PIPE, check=True)
            assert ["T" in line.split()[1].decode() for line in shown.stdout.splitlines()] == [True, False]
    finally:
        os.close(directory)


def test_openat2_looks_again_where_others_rename_meanwhile(tmp_path: Path) -> None:
    """The kernel gives up on ".." (EAGAIN) where anything was renamed during the lookup."""
    (tmp_path / "a/b").mkdir(parents=True)
    root = os.open(tmp_path, os.O_PATH)
    renamer = subprocess.Popen(
        [sys.executable, "-Sc", "import os\nwhile True: os.rename('x', 'y'); os.rename('y', 'x')"],
        cwd=_with_file(tmp_path / "elsewhere"), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(5000):
            os.close(files.openat2(root, "a/b/../b/../b/../b/..", os.O_PATH, resolve=files.RESOLVE_IN_ROOT))
    finally:
        renamer.kill()
        renamer.wait()
        os.close(root)


def _with_file(directory: Path) -> Path:
    directory.mkdir()
    (directory / "x").touch()
    return directory


def test_writing_is_started(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w+b", buffering=0) as file:
        file.write(bytes(1 << 16))
        files.start_writing(file.fileno(), 0, 1 << 16)
        with pytest.raises(OSError) as caught:
            files.start_writing(file.fileno(), -1, 1)
    assert caught.value.errno == errno.EINVAL
