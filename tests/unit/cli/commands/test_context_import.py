"""The archives that `context import` takes."""

import io
import tarfile
import zipfile

import pytest

from pydock.cli.commands.context_import import LARGEST, files_of
from pydock.cli.exits import Exit

FILES = {"meta.json": b"{}", "tls/docker/ca.pem": b"c" * 700}


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(_directory("tls"))
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _directory(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_both_kinds_are_read() -> None:
    assert files_of(tar(FILES)) == files_of(zipped(FILES)) == FILES


def test_a_tar_may_end_with_its_last_byte_and_not_before() -> None:
    whole = tar(FILES)
    end = whole.rindex(b"c") + 1
    assert files_of(whole[:end]) == FILES
    assert files_of(b"") == {}
    for length in (end - 1, 300):
        with pytest.raises(Exit, match="unexpected EOF"):
            files_of(whole[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x" * 2000, "archive/tar: invalid tar header"),
        (b"PK\3\4xxx", "zip: not a valid zip file"),
        (tar({"meta.txt": b""}), "meta.txt: unexpected context file"),
        (zipped({"tls/../x": b""}), "tls/../x: unexpected path format"),
        (tar({"tls/a\\b/c": b""}), "unexpected '.' in path"),
        (tar({"tls/x": b""}), "archive format is invalid"),
        (bytes(LARGEST + 1), "read exceeds the defined limit"),
    ],
)
def test_what_is_none_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Exit, match=words):
        files_of(data)
