"""Which propagation a bind may have, by the mount that its source is on."""

from pathlib import Path

import pytest

from pydock.daemon.containers.host_mounts import check_propagation
from pydock.errors import InvalidParameter

MOUNTINFO = """\
1 0 8:1 / / rw,relatime - ext4 /dev/vda rw
2 1 0:5 / /pub rw,relatime shared:1 - tmpfs t rw
3 1 0:6 / /sub rw,relatime master:1 - tmpfs t rw
4 1 0:7 / /with\\040space rw,relatime shared:2 - tmpfs t rw
"""


@pytest.fixture
def mountinfo(tmp_path: Path) -> str:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTINFO)
    return str(file)


@pytest.mark.parametrize(
    ("source", "propagation"),
    [
        ("/pub/x", "shared"), ("/pub", "rshared"), ("/pub/x", "rslave"), ("/sub/x", "slave"), ("/etc", "rprivate"),
        ("/etc", ""), ("/with space/x", "rshared"),
    ],
)  # fmt: skip
def test_fine(mountinfo: str, source: str, propagation: str) -> None:
    check_propagation(source, propagation, mountinfo)


@pytest.mark.parametrize(
    ("source", "propagation", "words"),
    [
        ("/srv/x", "shared", "path /srv/x is mounted on / but it is not a shared mount"),
        ("/sub/x", "rshared", "path /sub/x is mounted on /sub but it is not a shared mount"),
        ("/publication", "rslave", "path /publication is mounted on / but it is not a shared or slave mount"),
    ],
)
def test_refused(mountinfo: str, source: str, propagation: str, words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_propagation(source, propagation, mountinfo)
    assert caught.value.message == words
