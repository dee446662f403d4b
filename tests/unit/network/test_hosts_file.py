"""/etc/hosts and /etc/hostname: content, change in place, edits kept."""

import errno
import os
from pathlib import Path

import pytest

from pydock.errors import InvalidParameter
from pydock.network import edited_file
from pydock.network import hosts_file as h

LOCAL = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""


def test_content() -> None:
    own = h.own_records("web", "dom.org", ["10.0.0.2", "fd00::2", ""])
    extra = [h.Record("1.2.3.4", "foo")]
    assert h.content([*extra, *own]) == LOCAL + "1.2.3.4\tfoo\n10.0.0.2\tweb.dom.org web\nfd00::2\tweb.dom.org web\n"
    assert h.content([*extra, *own], ipv6=False) == ("127.0.0.1\tlocalhost\n1.2.3.4\tfoo\n10.0.0.2\tweb.dom.org web\n")


def test_names() -> None:
    assert h.own_names("a") == "a"
    assert h.own_names("a.b.c") == "a.b.c a"
    assert h.own_names("a", "b") == "a.b a"


@pytest.mark.parametrize(
    "record",
    [
        h.Record("1.2.3.4", "a\n5.5.5.5 b"),
        h.Record("1.2.3.4\n", "a"),
        h.Record("1.2.3.4", "#a"),
        h.Record("1.2.3.4", ""),
        h.Record("x", "a"),
        h.Record("1.2.3.4", "a\tb"),
        h.Record("1.2.3.4", "a\u2028b"),
        h.Record("1.2.3.4", "a\x85b"),
    ],
)
def test_no_line_is_injected(record: h.Record) -> None:
    with pytest.raises(InvalidParameter):
        h.content([record])


def test_change_keeps_the_inode_and_the_lines_of_others(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    own = h.own_records("web", "", ["10.0.0.2"])
    h.write(path, [], own)
    inode = path.stat().st_ino
    assert path.stat().st_mode & 0o777 == 0o644
    more = h.own_records("web", "", ["10.9.0.2"])
    h.add(path, more)
    assert path.read_text() == LOCAL + "10.0.0.2\tweb\n10.9.0.2\tweb\n"
    h.remove(path, more)
    assert path.read_text() == LOCAL + "10.0.0.2\tweb\n"
    assert path.stat().st_ino == inode
    h.write(path, [], h.own_records("web", "", ["10.0.0.7"]))
    assert path.read_text() == LOCAL + "10.0.0.7\tweb\n"
    assert not edited_file.is_edited(path)


def test_edits_survive_a_restart_and_a_connect(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    h.write(path, [], h.own_records("web", "", ["10.0.0.2"]))
    with path.open("a") as file:
        file.write("9.9.9.9 mine")
    h.add(path, h.own_records("web", "", ["10.9.0.2"]))
    assert path.read_text() == LOCAL + "10.0.0.2\tweb\n9.9.9.9 mine\n10.9.0.2\tweb\n"
    h.write(path, [], h.own_records("web", "", ["10.0.0.3"]))
    assert path.read_text() == LOCAL + "9.9.9.9 mine\n10.0.0.3\tweb\n"
    assert edited_file.is_edited(path)


def test_a_host_name_may_have_a_blank(tmp_path: Path) -> None:
    assert str(h.own_records("a b", "", ["1.2.3.4"])[0]) == "1.2.3.4\ta b\n"
    h.write_hostname(tmp_path / "hostname", "a b")
    assert (tmp_path / "hostname").read_text() == "a b\n"


def test_hostname(tmp_path: Path) -> None:
    path = tmp_path / "hostname"
    h.write_hostname(path, "web")
    assert path.read_text() == "web\n"
    path.write_text("mine\n")
    h.write_hostname(path, "web")
    assert path.read_text() == "mine\n"
    with pytest.raises(InvalidParameter):
        h.write_hostname(path, "a\nb")


def test_hosts_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "host").write_text("127.0.0.1 localhost\n")
    h.write_copy(tmp_path / "hosts", tmp_path / "host")
    assert (tmp_path / "hosts").read_text() == "127.0.0.1 localhost\n"


def test_a_crash_between_hash_and_content_is_no_edit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    edited_file.replace(path, "old\n")
    edited_file.overwrite(path, "new\n", b"old\n")
    path.write_text("old\n")  # the hash was written, the content not
    assert not edited_file.is_edited(path)
    path.write_text("new\n\n\n")  # the content was written, the end not cut off
    assert not edited_file.is_edited(path)
    path.write_text("other\n")
    assert edited_file.is_edited(path)


@pytest.mark.parametrize("full", ["", ".hash"])
def test_a_full_disk_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str) -> None:
    path = tmp_path / "file"
    edited_file.replace(path, "old\n")
    real, sizes = os.pwrite, {file: file.stat().st_size for file in tmp_path.iterdir()}

    def lacks_room(descriptor: int, data: bytes, offset: int) -> int:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        if file.suffix != full:
            return real(descriptor, data, offset)
        room = sizes.get(file, 6)
        if offset >= room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: room - offset], offset)

    for one in (path, tmp_path / "another"):
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", lacks_room)
            with pytest.raises(OSError, match="No space"):
                edited_file.replace(one, "longer than there is room\n" * 9)
        assert one != path or one.read_text() == "old\n"
        assert edited_file.replace(one, "new\n")
        assert one.read_text() == "new\n"


@pytest.mark.parametrize("lost", ["file", "file.hash"])
def test_what_a_power_cut_left_empty_is_no_edit(tmp_path: Path, lost: str) -> None:
    edited_file.replace(tmp_path / "file", "old\n")
    (tmp_path / lost).write_text("")
    assert edited_file.replace(tmp_path / "file", "new\n")
    assert (tmp_path / "file").read_text() == "new\n"


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / "file").symlink_to("target")
    with pytest.raises(OSError):
        edited_file.write_in_place(tmp_path / "file", b"x")


def test_a_name_moves_to_another_address_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    extra = [h.Record("10.0.0.2", "db 0123 child"), h.Record("10.0.0.2", "dbx")]
    h.write(path, extra, h.own_records("web", "", ["10.0.0.3"]))
    h.move(path, "db", "10.0.0.9")
    assert path.read_text() == LOCAL + "10.0.0.9\tdb 0123 child\n10.0.0.2\tdbx\n10.0.0.3\tweb\n"
    assert not edited_file.is_edited(path)
    h.move(path, "db", "")
    assert path.read_text() == LOCAL + "10.0.0.2\tdbx\n10.0.0.3\tweb\n"


@pytest.mark.parametrize("name", ["hosts", "hosts.hash"])
@pytest.mark.parametrize("damage", ["fifo", "directory", "link", "loop", "endless"])
def test_what_is_no_file_any_more_is_one_again(name: str, damage: str, tmp_path: Path) -> None:
    """Each of these held a start up for ever, or was followed."""
    path, victim = tmp_path / "hosts", tmp_path / "victim"
    victim.write_text("not the container's")
    own = h.own_records("web", "", ["10.0.0.2"])
    h.write(path, [], own)
    (tmp_path / name).unlink()
    match damage:
        case "fifo":
            os.mkfifo(tmp_path / name)
        case "directory":
            (tmp_path / name / "full").mkdir(parents=True)
        case _:
            goal = {"link": victim, "loop": tmp_path / name, "endless": Path("/dev/zero")}[damage]
            (tmp_path / name).symlink_to(goal)
    h.write(path, [], own)
    assert not path.is_symlink()
    assert h.content(own) in path.read_text()
    assert victim.read_text() == "not the container's"
