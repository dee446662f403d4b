"""How mounts are asked for, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from pydock.daemon.containers import mount_rules
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "source", "target", "mode"),
    [
        ("/x", "", "/x", ""),
        ("/a:/x", "/a", "/x", ""),
        ("vol:/x:ro,nocopy", "vol", "/x", "ro,nocopy"),
        ("/a:/x:rslave,z", "/a", "/x", "rslave,z"),
    ],
)
def test_binds_taken_apart(text: str, source: str, target: str, mode: str) -> None:
    bind = mount_rules.parse_bind(text)
    assert (bind.source, bind.target, bind.mode) == (source, target, mode)
    assert bind.is_volume == (not source.startswith("/"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (":/x", "invalid volume specification: ':/x'"),
        ("a:b:c:d", "invalid volume specification: 'a:b:c:d'"),
        ("/x:rw", "invalid volume specification: '/x:rw'"),
        ("/a:/x:bogus", "invalid mode: bogus"),
        ("/a:/x:ro,rw", "invalid mode: ro,rw"),
        (
            "/a:rel",
            "'/a:rel': invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute",
        ),
        ("/a:/", "invalid specification: destination can't be '/'"),
        ("/a:/x/..", "invalid specification: destination can't be '/'"),
        ("vol:/x:shared", "field BindOptions must not be specified"),
        ("/a:/x:nocopy", "field VolumeOptions must not be specified"),
        ("/a:/x\nb", "invalid mount path"),
        ("/a\0:/x", "invalid volume specification"),
    ],
)
def test_binds_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        mount_rules.parse_bind(text)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        ({"Type": "bind", "Source": "/x"}, 'invalid mount config for type "bind": field Target must not be empty'),
        ({"Type": "bind", "Target": "/x"}, "field Source must not be empty"),
        ({"Type": "bind", "Source": "/nope/nope", "Target": "/x"}, "bind source path does not exist: /nope/nope"),
        ({"Type": "bind", "Source": "rel", "Target": "/x"}, "invalid mount path: 'rel' mount path must be absolute"),
        (
            {"Type": "bind", "Source": "/", "Target": "/x", "BindOptions": {"Propagation": "odd"}},
            "invalid propagation mode: odd",
        ),
        ({"Type": "bind", "Source": "/", "Target": "/x", "VolumeOptions": {}}, "field VolumeOptions must not"),
        ({"Type": "volume", "Target": "/x", "ReadOnly": True}, "must not set ReadOnly mode when using anonymous"),
        ({"Type": "volume", "Target": "/x", "VolumeOptions": {"Subpath": "a"}}, "must not set Subpath"),
        (
            {"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": {"Subpath": "a/../../b"}},
            "subpath must be a relative path within the volume",
        ),
        (
            {"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": {"Subpath": "/b"}},
            "subpath must be a relative path within the volume",
        ),
        ({"Type": "tmpfs", "Source": "x", "Target": "/x"}, "field Source must not be specified"),
        ({"Type": "tmpfs", "Target": "/x", "TmpfsOptions": {"Options": [["suid"]]}}, "invalid option: suid"),
        ({"Type": "image", "Target": "/x"}, "field Source must not be empty"),
        (
            {"Type": "image", "Source": "i", "Target": "/x", "ImageOptions": {"Subpath": "a/../../b"}},
            "subpath must be a relative path within the volume",
        ),
        ({"Type": "odd", "Target": "/x"}, 'invalid mount config for type "odd": mount type unknown'),
        ({"Target": "/x"}, 'invalid mount config for type "": mount type unknown'),
    ],
)
def test_mounts_refused(mount: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        mount_rules.check(mount)
    assert words in caught.value.message


def test_a_bind_whose_source_is_there(tmp_path: Path) -> None:
    mount_rules.check({"Type": "bind", "Source": str(tmp_path), "Target": "/x"})
    mount_rules.check(
        {"Type": "bind", "Source": str(tmp_path / "n"), "Target": "/x", "BindOptions": {"CreateMountpoint": True}}
    )


@pytest.mark.parametrize("text", ["", "a:bogus", "a:shared", "a:nocopy"])
def test_volumes_from_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        mount_rules.parse_volumes_from(text)


def test_volumes_from() -> None:
    assert mount_rules.parse_volumes_from("a") == ("a", "rw")
    assert mount_rules.parse_volumes_from("a:ro,z") == ("a", "ro,z")


def test_the_options_of_a_tmpfs_mount() -> None:
    mount = {"ReadOnly": True, "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700, "Options": [["exec"]]}}
    assert mount_rules.tmpfs_options(mount) == ["ro", "mode=700", "size=1048576", "exec"]
