"""Which AppArmor profile a container runs under, on hosts that have it, lack it, or cannot load the default one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pydock.daemon.containers import confinement
from pydock.daemon.containers.confinement import Confinement
from pydock.errors import System
from pydock.runtime import apparmor_profile


class Loader:
    """Stands for the jobs: notes that the profile was to be loaded; `refuses` where the parser does."""

    def __init__(self, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self._refuses = refuses

    def run(
        self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = (), timeout: float | None = None
    ) -> Any:
        self.asked.append(entry)
        if self._refuses:
            raise System("no parser")

    def start(self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = ()) -> Any:
        raise NotImplementedError


def host(monkeypatch: pytest.MonkeyPatch, enabled: bool, loaded: bool) -> None:
    monkeypatch.setattr(confinement, "apparmor_enabled", lambda: enabled)
    monkeypatch.setattr(apparmor_profile, "is_loaded", lambda: loaded)


@pytest.mark.parametrize(
    ("wanted", "privileged", "profile"),
    [
        ("", False, "docker-default"),
        ("", True, "unconfined"),
        ("mine", False, "mine"),
        ("mine", True, "mine"),
        ("unconfined", False, "unconfined"),
    ],
)
def test_what_is_wanted_comes_first(
    monkeypatch: pytest.MonkeyPatch, wanted: str, privileged: bool, profile: str
) -> None:
    host(monkeypatch, enabled=True, loaded=True)
    loader = Loader()
    assert Confinement(loader).profile(wanted, privileged) == profile
    assert not loader.asked
    host(monkeypatch, enabled=False, loaded=False)
    assert Confinement(loader).profile(wanted, privileged) == ""
    assert not loader.asked


@pytest.mark.parametrize(("refuses", "profile"), [(False, "docker-default"), (True, "")])
def test_the_default_profile_is_loaded_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, refuses: bool, profile: str
) -> None:
    host(monkeypatch, enabled=True, loaded=False)
    loader = Loader(refuses)
    assert Confinement(loader).profile("", False) == profile
    assert loader.asked == ["pydock.runtime.apparmor_profile:load"]


def test_the_profile_uses_what_the_host_has(tmp_path: Path) -> None:
    bare = apparmor_profile.text(str(tmp_path), "unconfined")
    assert "@{PROC}=/proc/" in bare
    assert "#include" not in bare
    assert bare.count("signal (receive) peer=") == 1
    for name in ("tunables/global", "abstractions/base"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    rich = apparmor_profile.text(str(tmp_path), "engine")
    assert "#include <tunables/global>" in rich
    assert "#include <abstractions/base>" in rich
    assert "signal (receive) peer=engine," in rich
    assert "signal (receive) peer=unconfined," in rich
