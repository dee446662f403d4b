"""Who a process is, by files that come with the image."""

import os
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime import user_lookup
from pydock.runtime.user_lookup import Identity

PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n# a comment\nbad line\napp:x:1000:1001::/home/app:/bin/sh\nbig:x:4294967296:0::/:\n"
)
GROUP = "root:x:0:\napp:x:1001:\naudio:x:29:app,other\nvideo:x:44:other\nhuge:x:4294967296:app2\n"
Look = Callable[..., Identity]


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Look]:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    (tmp_path / "etc/group").write_text(GROUP)
    root = os.open(tmp_path, os.O_PATH)
    yield lambda user="", additional=(): user_lookup.look_up(root, user, additional)
    os.close(root)


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", Identity(0, 0, (0,), "/root")),
        ("root", Identity(0, 0, (0,), "/root")),
        ("app", Identity(1000, 1001, (1001, 29), "/home/app")),
        ("1000", Identity(1000, 1001, (1001, 29), "/home/app")),
        ("app:video", Identity(1000, 44, (44,), "/home/app")),
        ("app:12345", Identity(1000, 12345, (12345,), "/home/app")),
        ("4000", Identity(4000, 0, (0,), "/")),
        ("4000:29", Identity(4000, 29, (29,), "/")),
        ("2147483647", Identity(2**31 - 1, 0, (0,), "/")),
    ],
)
def test_names_and_numbers_are_looked_up_as_docker_does(look: Look, user: str, identity: Identity) -> None:
    assert look(user) == identity


def test_additional_groups_are_names_or_numbers(look: Look) -> None:
    assert look("app", ["video", "777", "29"]).groups == (1001, 29, 44, 777)
    with pytest.raises(InvalidParameter, match="unable to find group ghosts"):
        look("app", ["ghosts"])


def test_more_groups_than_the_kernel_takes_are_told(look: Look, tmp_path: Path) -> None:
    lines = [f"g{number}:x:{number}:app\n" for number in range(70_000)]
    (tmp_path / "etc/group").write_text("".join(lines[:65_536]))
    assert len(look("app").groups) == 65_536
    (tmp_path / "etc/group").write_text("".join(lines))
    with pytest.raises(InvalidParameter, match="user app is in more than 65536 groups"):
        look("app")


def test_a_large_file_takes_not_many_times_its_size(look: Look, tmp_path: Path) -> None:
    (tmp_path / "etc/group").write_text("g:x:7:app\n" * 100_000)
    tracemalloc.start()
    assert look("app").groups == (1001, 7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "user", ["ghost", "big", "4294967296", "2147483648", "-1", "1e3", "٣", "app:huge", "app:ghosts", ":", "a b",
             "1" * 5000, "app:" + "1" * 5000]
)  # fmt: skip
def test_what_cannot_be_found_or_is_out_of_range_is_an_error(look: Look, user: str) -> None:
    with pytest.raises(InvalidParameter):
        look(user)


def test_without_the_files_numbers_still_work(tmp_path: Path) -> None:
    root = os.open(tmp_path, os.O_PATH)
    assert user_lookup.look_up(root, "5:6") == Identity(5, 6, (6,), "/")
    assert user_lookup.look_up(root, "") == Identity(0, 0, (0,), "/")
    with pytest.raises(InvalidParameter):
        user_lookup.look_up(root, "app")
    os.close(root)


def test_links_stay_inside_and_only_regular_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    passwd = tmp_path / "etc/passwd"
    root = os.open(tmp_path, os.O_PATH)
    passwd.symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        user_lookup.look_up(root, "root")
    passwd.unlink()
    with open(passwd, "wb") as file:
        file.truncate(user_lookup.MAX_FILE + 1)
    with pytest.raises(InvalidParameter, match="larger"):
        user_lookup.look_up(root, "root")
    os.close(root)


def test_what_is_no_regular_file_has_no_entries(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    passwd = tmp_path / "etc/passwd"
    root = os.open(tmp_path, os.O_PATH)
    for make in (
        os.mkfifo,
        os.mkdir,
        lambda path: os.symlink("/nothing", path),
        lambda path: os.mknod(path, stat.S_IFSOCK),
        lambda path: os.mknod(path, stat.S_IFCHR, os.makedev(1, 5)),
    ):
        try:
            make(passwd)
        except PermissionError:
            continue
        assert user_lookup.look_up(root, "") == user_lookup.look_up(root, "0") == Identity(0, 0, (0,), "/")
        assert user_lookup.look_up(root, "5:6") == Identity(5, 6, (6,), "/")
        assert user_lookup.home_of(root, 0) == "/"
        for name in ("root", "app", "0:root"):
            with pytest.raises(InvalidParameter, match="no matching entries"):
                user_lookup.look_up(root, name)
        passwd.rmdir() if passwd.is_dir() else passwd.unlink()
    os.close(root)
