"""What programs of this machine need: looked at with this machine's own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pydock.cli.exits import Exit
from pydock.cli.host import elf, libraries
from pydock.cli.host.closure import Closure

PATH = "/usr/local/bin:/usr/bin:/bin"


def which(name: str) -> str:
    """A program of this machine."""
    found = shutil.which(name, path=PATH)
    if not found:
        pytest.skip(f"no {name} here")
    return found


def test_a_program_asks_for_the_loader_and_libraries_that_ldd_finds() -> None:
    bash = which("bash")
    found = elf.parse(Path(bash).read_bytes())
    assert found is not None
    assert os.path.exists(found.interpreter)
    assert any(name.startswith("libc.") for name in found.needed)
    closure = Closure(PATH)
    closure.add_program("bash")
    listed = subprocess.run(["ldd", bash], capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no ldd to compare with")
    wanted = [line.partition("=> ")[2].partition(" (")[0] for line in listed.stdout.splitlines() if "=> /" in line]
    real = {os.path.realpath(path) for path in closure.paths}
    assert wanted
    assert {os.path.realpath(path) for path in wanted} <= real
    assert os.path.realpath(found.interpreter) in real


def test_links_on_the_way_come_along_as_links() -> None:
    closure = Closure(PATH)
    closure.add_program("sh")
    if os.path.islink("/bin"):
        closure.add_file("/bin/sh")
        assert {"/bin", "/usr/bin", "/usr/bin/sh"} <= closure.paths


def test_a_script_brings_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env -S bash -e\necho\n")
    script.chmod(0o755)
    closure = Closure(f"{tmp_path}:{PATH}")
    assert closure.add_program("script") == str(script)
    names = {os.path.basename(path) for path in closure.paths}
    assert {"script", "env", "bash"} <= names


def test_a_package_brings_its_programs() -> None:
    if not os.path.exists("/var/lib/dpkg/info/coreutils.list"):
        pytest.skip("no dpkg here")
    closure = Closure(PATH)
    assert closure.add_program("coreutils") == ""
    assert {"ls", "cat", "stat"} <= {os.path.basename(path) for path in closure.paths}


def test_python_brings_its_library_but_not_its_tests() -> None:
    which("python3")
    closure = Closure(PATH)
    closure.add_program("python3")
    names = [path for path in closure.paths if "/lib/python3" in path]
    assert any(path.endswith("/encodings/__init__.py") for path in names)
    assert not any("/test/" in path or "__pycache__" in path for path in names)


def test_a_folder_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").write_text("x")
    closure = Closure(PATH)
    closure.add_program(f"{tmp_path}/d")
    assert f"{tmp_path}/d/e/f" in closure.paths


@pytest.mark.parametrize("name", ["no-such-program-anywhere", "/no/such/file"])
def test_what_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(Exit, match="no such"):
        Closure(PATH).add_program(name)


def test_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries.Libraries, "find", lambda *arguments: None)
    with pytest.raises(Exit, match=r"needs lib\S+, which is not on this machine"):
        Closure(PATH).add_program("bash")


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200, b"\x7fELF" + b"\0" * 100]
)
def test_what_is_no_elf_file_is_told_from_one(data: bytes) -> None:
    assert elf.parse(data) is None


def test_the_loaders_cache_is_read_as_ldconfig_shows_it() -> None:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
    if not ldconfig or not os.path.exists(libraries.CACHE):
        pytest.skip("no cache here")
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    shown = {line.rpartition(" => ")[2] for line in listed if " => " in line}
    found = {path for paths in libraries.read_cache(Path(libraries.CACHE).read_bytes()).values() for path in paths}
    assert found == shown


def test_paths_of_an_object_are_relative_to_where_it_is() -> None:
    assert libraries.expand(["$ORIGIN/../lib", "${ORIGIN}/x", "/abs"], "/usr/bin/env")[2] == "/abs"
    origin = os.path.dirname(os.path.realpath("/usr/bin/env"))
    assert libraries.expand(["$ORIGIN/../lib"], "/usr/bin/env") == [os.path.normpath(f"{origin}/../lib")]
