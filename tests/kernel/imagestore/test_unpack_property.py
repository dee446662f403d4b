"""Whatever is in a tar, it unpacks as GNU tar unpacks it, and is written again byte for byte."""

import gzip
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.imagestore.layer_store import LayerStore, directory, hard, link, member, tar

pytestmark = pytest.mark.skipif(not shutil.which("tar"), reason="needs GNU tar")

_LONG = "l" * 130
#: when the test may be running
_PRESENT = (1_750_000_000, 2_500_000_000)
_part = st.sampled_from(["a", "b", "é", "with space", "new\nline", _LONG, ".dot", "a\\b"])
#: paths of files and paths of directories never meet, but for replacement of like by like: what GNU tar does there
#: depends on its options
_directories = st.lists(_part, min_size=1, max_size=4).map(lambda parts: "/".join(f"d-{part}" for part in parts))
_files = st.tuples(st.one_of(st.just(""), _directories.map(lambda path: f"{path}/")), _part).map("".join)
_dotted = st.sampled_from(["", "./", "./././"])
_metadata: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "mode": st.integers(0, 0o7777),
        "uid": st.sampled_from([0, 1, 65534, 2_500_000, 0xFFFFFFFE]),
        "gid": st.sampled_from([0, 7, 3_000_000]),
        "mtime": st.integers(0, 1 << 33),
    }
)
_content = st.one_of(st.binary(max_size=2000), st.integers(0, 40).map(lambda count: os.urandom(512) * count))


@st.composite
def _members(draw: st.DrawFn) -> list[tuple[tarfile.TarInfo, bytes]]:
    made: list[tuple[tarfile.TarInfo, bytes]] = []
    files: dict[str, dict[str, Any]] = {}
    named: set[str] = set()
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["file", "directory", "link", "hard", "fifo", "device"]))
        fields = draw(_metadata)
        prefix = draw(_dotted)
        if kind == "directory":
            path = draw(_directories)
            # whose time a directory gets that comes twice depends on GNU tar's options too
            if path not in named:
                made.append(directory(prefix + path, **fields))
                named.add(path)
            continue
        name = draw(_files)
        if kind == "hard" and (targets := sorted(set(files) - {name})):
            target = draw(st.sampled_from(targets))
            made.append(hard(prefix + name, target, **files[target]))
            files[name] = files[target]
            continue
        files.pop(name, None)
        if kind == "link":
            made.append(link(prefix + name, draw(st.sampled_from(["a", "../x", "/etc/passwd", _LONG])), **fields))
        elif kind == "fifo":
            made.append(member(prefix + name, type=tarfile.FIFOTYPE, **fields))
        elif kind == "device":
            made.append(member(prefix + name, type=tarfile.CHRTYPE, devmajor=1, devminor=7, **fields))
        else:
            made.append(member(prefix + name, draw(_content), **fields))
            files[name] = fields
    return made


@given(
    members=_members(),
    format=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    packed=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_it_is_what_gnu_tar_unpacks(
    store: LayerStore, members: list[tuple[tarfile.TarInfo, bytes]], format: int, packed: bool
) -> None:
    data = tar(*members, format=format)
    chain = store.image(gzip.compress(data, 1) if packed else data)
    try:
        ours = _look(store.layers.diff_path(store.layers.chain(chain)[0]))
        assert store.tar_of(chain) == data
        with tempfile.TemporaryDirectory() as top:
            subprocess.run(
                ["tar", "-xPpf", "-", "-C", top, "--numeric-owner", "--same-owner", "--delay-directory-restore",
                 "--warning=no-timestamp"],
                input=data, check=True, umask=0o022, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            )  # fmt: skip
            assert ours == _look(Path(top))
    finally:
        store.layers.release(chain)
    assert store.directories() == []


def _look(top: Path) -> dict[bytes, tuple[Any, ...]]:
    """Everything below `top` that an archive decides on."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for here, directories, files in os.walk(os.fsencode(top)):
        for name in sorted((*directories, *files)):
            path = os.path.join(here, name)
            seen = os.lstat(path)
            key = os.path.relpath(path, os.fsencode(top))
            kind = stat.S_IFMT(seen.st_mode)
            content: bytes = b""
            if kind == stat.S_IFREG:
                content = Path(os.fsdecode(path)).read_bytes()
            elif kind == stat.S_IFLNK:
                content = os.readlink(path)
            modified = _time(seen)
            # what is implied below a setgid directory has the group of that directory in Docker; GNU tar sets the bit
            # when all is unpacked, which is too late for the kernel to hand the group down
            heir = kind == stat.S_IFDIR and not modified and os.lstat(here).st_mode & stat.S_ISGID
            group = None if heir else seen.st_gid
            found[key] = (seen.st_mode, seen.st_uid, group, seen.st_rdev, content, modified)
            if kind != stat.S_IFDIR:
                found[key] += (seen.st_nlink,)
    return found


def _time(seen: os.stat_result) -> int:
    """The time of what has one in the archive: a directory that is only implied has that of its making."""
    return 0 if _PRESENT[0] < seen.st_mtime < _PRESENT[1] else seen.st_mtime_ns
