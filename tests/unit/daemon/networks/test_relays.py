"""The files that tell relays where held ports lead, after a crash and damage."""

import os
from pathlib import Path

from pydock.daemon.networks.relays import Relays


def test_what_is_no_container_s_goes_whatever_it_is(tmp_path: Path) -> None:
    """A directory there ended the daemon's start."""
    relays = Relays(tmp_path)
    (tmp_path / "alive").touch()
    (tmp_path / "gone").touch()
    (tmp_path / "tree" / "below").mkdir(parents=True)
    os.mkfifo(tmp_path / "fifo")
    relays.retain({"alive"})
    assert os.listdir(tmp_path) == ["alive"]
    (tmp_path / "tree").mkdir()
    for name in ("alive", "tree", "nothing"):
        relays.remove(name)
    assert os.listdir(tmp_path) == []
