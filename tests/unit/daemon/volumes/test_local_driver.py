"""The directories of volumes where the disk has no room for them."""

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from pydock.daemon.volumes.local_driver import LocalDriver
from pydock.errors import System


@pytest.mark.parametrize("call", ["mkdir", "chmod"])
def test_a_volume_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    driver = LocalDriver(tmp_path / "volumes", Mock())
    driver.create("kept")
    (driver.path("kept") / "file").touch()
    real = getattr(os, call)

    def lacks_room(path: Path, mode: int) -> None:
        if Path(path).name == "_data":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, lacks_room)
        for name in ("new", "kept") if call == "mkdir" else ("new",):
            with pytest.raises(System, match=r"volumes/(new|kept)': no space left on device$"):
                driver.create(name)
    assert os.listdir(tmp_path / "volumes") == ["kept"]
    assert os.listdir(driver.path("kept")) == ["file"]
