"""What a start tells besides its answer."""

import os
import stat
from pathlib import Path

from tests.kernel.daemon.daemon_process import Daemon


def test_what_a_start_could_not_grant_stands_in_the_log(engine: Daemon) -> None:
    beyond = 1 << 40  # more files than any kernel has: setrlimit(2) refuses it to root, too
    limit = {"Name": "nofile", "Soft": beyond, "Hard": beyond}
    identity = engine.run("true", host={"Ulimits": [limit]})
    assert engine.wait(identity) == 0
    assert f"Container {identity}: RLIMIT_NOFILE is " in engine.log()


def test_a_start_makes_what_its_binds_show(engine: Daemon, tmp_path: Path) -> None:
    source = tmp_path / "not/yet"
    identity = engine.create("touch", "/inside/file", host={"Binds": [f"{source}:/inside"]})
    assert not source.exists()
    engine.ok("POST", f"/containers/{identity}/start")
    assert engine.wait(identity) == 0
    assert (source / "file").exists()
    for directory in (source, source.parent):
        assert (stat.S_IMODE(directory.stat().st_mode), directory.stat().st_uid) == (0o755, 0)


def test_a_bind_whose_source_cannot_be_made_tells_why(engine: Daemon, tmp_path: Path) -> None:
    os.symlink(tmp_path / "nowhere", tmp_path / "link")
    identity = engine.create("true", host={"Binds": [f"{tmp_path}/link:/inside"]})
    status, answer = engine.call("POST", f"/containers/{identity}/start")
    assert (status, answer["message"]) == (
        500,
        f"error while creating mount source path '{tmp_path}/link': mkdir {tmp_path}/link: file exists",
    )
    (tmp_path / "plain").touch()
    identity = engine.create("true", host={"Binds": [f"{tmp_path}/plain/below:/inside"]})
    status, answer = engine.call("POST", f"/containers/{identity}/start")
    assert status >= 400
    assert "not a directory" in answer["message"]


def test_a_mount_does_not_make_its_source_unasked(engine: Daemon, tmp_path: Path) -> None:
    mount = {"Type": "bind", "Source": f"{tmp_path}/missing", "Target": "/inside"}
    body = {"Image": "box", "Cmd": ["true"], "HostConfig": {"Mounts": [mount]}}
    assert engine.call("POST", "/containers/create", body)[0] == 400
    asked = engine.run("true", host={"Mounts": [{**mount, "BindOptions": {"CreateMountpoint": True}}]})
    assert engine.wait(asked) == 0
    assert (tmp_path / "missing").is_dir()


def test_no_container_joins_its_own_network(engine: Daemon) -> None:
    identity = engine.create("true", name="me", host={"NetworkMode": "container:me"})
    assert engine.call("POST", f"/containers/{identity}/start") == (
        500, {"message": "cannot join own network namespace"},
    )  # fmt: skip


def test_a_program_that_is_not_there_is_named_in_quotes(engine: Daemon) -> None:
    """As where somebody wrote the JSON form of an entrypoint with the wrong quotes."""
    for name, told in (
        ('["echo"]', r'exec: "[\"echo\"]": executable file not found in $PATH'),
        ("/a\\", r'exec: "/a\\": stat /a\:'),
        ("\x1b]0;title\a", r'exec: "\x1b]0;title\a": executable file not found in $PATH'),
    ):
        status, answer = engine.call("POST", f"/containers/{engine.create(name)}/start")
        assert status == 400
        assert told in answer["message"]
