"""What a copy means, for every kind of source and destination."""

import os
from pathlib import Path

import pytest

from pydock.cli.copy import paths
from pydock.cli.copy.paths import Place, Renamer
from pydock.cli.exits import Exit

FILE, FOLDER = Place("/s/f", True, False), Place("/s/d", True, True)


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        (FILE, Place("/t/d", True, True), ("/t/d", "", "")),
        (FILE, Place("/t/g", True, False), ("/t/", "f", "g")),
        (FILE, Place("/t/new"), ("/t/", "f", "new")),
        (FOLDER, Place("/t/d", True, True), ("/t/d", "", "")),
        (FOLDER, Place("/t/new"), ("/t/", "d", "new")),
        (FOLDER, Place("/t/new/"), ("/t/", "d", "new")),
        (Place("/s/d/.", True, True), Place("/t/new"), ("/t/", ".", "new")),
        (Place("/s/d", True, True, "name"), Place("/t/new"), ("/t/", "name", "new")),
    ],
)
def test_a_copy_has_a_folder_and_a_name(source: Place, destination: Place, expected: tuple[str, str, str]) -> None:
    assert paths.plan(source, destination) == expected


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        (FOLDER, Place("/t/f", True, False), "cannot copy directory"),
        (FILE, Place("/t/new/"), "no such directory"),
        (FILE, Place("/t/new/."), "no such directory"),
        (FILE, Place(""), "no such directory"),
    ],
)
def test_what_can_not_be_copied_is_refused(source: Place, destination: Place, message: str) -> None:
    with pytest.raises(Exit, match=message):
        paths.plan(source, destination)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b", ("/a/", "b")),
        ("/a/b/", ("/a/", "b")),
        ("/a/b/.", ("/a/b/", ".")),
        ("/a", ("/", "a")),
        ("a", ("./", "a")),
    ],
)
def test_a_path_is_split_where_cp_splits_it(path: str, expected: tuple[str, str]) -> None:
    assert paths.split(path) == expected


def test_links_are_followed_as_source_only_where_asked_and_as_destination_always(tmp_path: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    (root / "d").mkdir()
    (root / "link").symlink_to("d")
    (root / "dangling").symlink_to("new")
    assert not paths.local_source(f"{root}/link", follow=False).is_folder
    followed = paths.local_source(f"{root}/link", follow=True)
    assert (followed.path, followed.is_folder, followed.rebase) == (f"{root}/d", True, "link")
    assert paths.local_destination(f"{root}/link").path == f"{root}/d"
    assert not paths.local_destination(f"{root}/dangling").exists
    (root / "loop").symlink_to("loop")
    with pytest.raises(Exit, match="too many symlinks"):
        paths.local_destination(f"{root}/loop")


def test_only_the_first_part_of_a_name_is_replaced() -> None:
    assert Renamer([("d", "new")])("d/x/d") == "new/x/d"
    assert Renamer([(".", "new")])("./x.y") == "new/x.y"
    assert Renamer([("", ""), ("a", "b")])("a") == "b"


def test_a_name_that_leads_outside_is_refused() -> None:
    assert list(paths.parts("./a//b/.")) == ["a", "b"]
    with pytest.raises(Exit, match="outside"):
        list(paths.parts("a/../../b"))


def test_a_file_with_a_slash_after_it_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Exit) as error:
        paths.local_source(f"{tmp_path}/file/", False)
    assert error.value.message == "not a directory"
