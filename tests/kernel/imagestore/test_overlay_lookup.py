"""What a look-up in overlay directories finds is what the mounted tree has."""

import os
import stat
from pathlib import Path

import pytest

from pydock.imagestore.overlay_lookup import Found, look_up
from pydock.linux import mount


@pytest.fixture
def layers(tmp_path: Path) -> list[str]:
    """Three layers, the topmost first."""
    top, middle, bottom = (tmp_path / name for name in ("top", "middle", "bottom"))
    (bottom / "plain/below").mkdir(parents=True)
    (bottom / "hidden/below").mkdir(parents=True)
    (bottom / "opaque/below").mkdir(parents=True)
    (bottom / "replaced").write_text("file")
    (bottom / "became").mkdir()
    (middle / "plain/added").mkdir(parents=True)
    (middle / "opaque/above").mkdir(parents=True)
    os.setxattr(middle / "opaque", "trusted.overlay.opaque", b"y")
    (middle / "replaced").mkdir()
    (middle / "became").write_text("file")
    (top / "plain").mkdir(parents=True)
    (top / "link").symlink_to("plain")
    os.mknod(top / "hidden", stat.S_IFCHR, 0)
    return [str(top), str(middle), str(bottom)]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", Found.DIRECTORY),
        ("/plain", Found.DIRECTORY),
        ("/plain/added", Found.DIRECTORY),
        ("/plain/below", Found.DIRECTORY),
        ("/plain/nothing", Found.NOTHING),
        ("/nothing/at/all", Found.NOTHING),
        ("/hidden", Found.NOTHING),
        ("/hidden/below", Found.NOTHING),
        ("/opaque/above", Found.DIRECTORY),
        ("/opaque/below", Found.NOTHING),
        ("/replaced", Found.DIRECTORY),
        ("/became", Found.OTHER),
        ("/became/x", Found.OTHER),
        ("/link", Found.OTHER),
        ("/link/below", Found.OTHER),
    ],
)
def test_look_up(layers: list[str], path: str, found: Found) -> None:
    assert look_up(layers, path) is found
    context = mount.fsopen("overlay")
    for layer in layers:
        mount.fsconfig_string(context, "lowerdir+", layer)
    mount.fsconfig_create(context)
    tree = mount.fsmount(context, mount.MOUNT_ATTR_RDONLY)
    try:
        os.stat(path.lstrip("/") or ".", dir_fd=tree)
    except (FileNotFoundError, NotADirectoryError):
        assert found is not Found.DIRECTORY
    else:
        assert found is not Found.NOTHING
    finally:
        os.close(tree)
        os.close(context)
