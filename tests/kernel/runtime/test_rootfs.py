"""Roots and mounts of the rarer kinds: old kernels' overlays, many layers, propagation, copy-up, control groups."""

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pydock.errors import StepFailed
from pydock.linux import mount as mount_calls
from pydock.linux.mounts import Mount
from pydock.runtime import devices, launch
from pydock.runtime.cgroups import Cgroup, detect
from tests.kernel.runtime.box import Box, Result


def layers(box: Box, count: int, base: Path | None = None) -> tuple[Mount, ...]:
    """The box's root with `count` further layers on top, each with a file; odd characters in their names."""
    added = []
    for number in range(count):
        directory = (base or box.directory) / f"layers:{number:03}" / ("x" * 64)
        directory.mkdir(parents=True)
        (directory / f"file{number}").write_text(str(number))
        added.append(str(directory))
    options = (f"upperdir={box.directory}/upper", f"workdir={box.directory}/work")
    return (Mount("overlay", "overlay", "/", options, (*reversed(added), str(box.lower))),)


@pytest.fixture(params=["lowerdir+", "one option"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernel as it is, and one that knows no lowerdir+ (before 6.7)."""
    kind: str = request.param
    if kind == "one option":
        real = mount_calls.fsconfig_string

        def old(context: int, key: str, value: str) -> None:
            if key == "lowerdir+":
                raise OSError(errno.EINVAL, "no such option")
            real(context, key, value)

        monkeypatch.setattr(mount_calls, "fsconfig_string", old)
    return kind


@pytest.mark.parametrize("count", [1, 126])
def test_an_overlay_of_many_layers_is_mounted_on_old_and_new_kernels(
    box: Box, kernel: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    mounts = layers(box, count)
    monkeypatch.setattr(Box, "rootfs", lambda self: mounts)
    result = box.run(["sh", "-c", f"cat /file0 /file{count - 1}; touch /new"])
    assert result.output == f"0{count - 1}"
    assert (box.directory / "upper/new").exists()


@pytest.mark.parametrize("place", ["back\\slash", "colon:comma, and='quotes\"", f"{'long' * 50}/{'er' * 100}"])
def test_an_overlay_can_be_anywhere(
    box: Box, kernel: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """What options give a meaning to, and what is too long for one, may stand in the way to the layers."""
    base = tmp_path / place
    upper, work, lower = (base / f"{name}\\:," for name in ("upper", "work", "lower"))
    for directory in (upper, work):
        directory.mkdir(parents=True)
    shutil.copytree(box.lower, lower, symlinks=True)
    (first,) = layers(box, 2, base)
    options = (f"upperdir={upper}", f"workdir={work}")
    mount = Mount("overlay", "overlay", "/", options, (*first.lowerdirs[:-1], str(lower)))
    monkeypatch.setattr(Box, "rootfs", lambda self: (mount,))
    assert box.run(["sh", "-c", "cat /file0 /file1; touch /new"]).output == "01"
    assert (upper / "new").exists()


def test_a_plain_directory_can_be_the_root(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Box, "rootfs", lambda self: (Mount("bind", str(self.lower), "/", ("rbind",)),))
    assert box.run(["touch", "/here"]).status == 0
    assert (box.lower / "here").exists()
    assert "Read-only" in box.run(["touch", "/there"], root={"readonly": True}).output


def test_a_read_only_root_leaves_volumes_writable(box: Box, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    mount = {"destination": "/v", "type": "bind", "source": str(tmp_path / "v"), "options": ["rbind"]}
    result = box.run(["sh", "-c", "touch /v/x /dev/shm/y && touch /z"], root={"readonly": True}, mounts=[mount])
    assert result.output.count("Read-only") == 1
    assert (tmp_path / "v/x").exists()


def test_a_file_is_bound_on_a_file_and_not_on_a_directory(box: Box, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    mount = {"destination": "/etc", "type": "bind", "source": str(tmp_path / "f"), "options": ["bind"]}
    with pytest.raises(StepFailed) as caught:
        box.run(["true"], mounts=[mount])
    assert caught.value.errno == errno.ENOTDIR


def test_a_recursive_read_only_bind_covers_what_is_mounted_below(box: Box, tmp_path: Path) -> None:
    below = tmp_path / "v/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "test", below], check=True)
    try:
        mount = {"destination": "/v", "type": "bind", "source": str(tmp_path / "v"), "options": ["rbind", "ro"]}
        assert box.run(["touch", "/v/below/x"], mounts=[mount]).status == 0
        mount["options"] = ["rbind", "ro", "rro"]
        assert "Read-only" in box.run(["touch", "/v/below/y"], mounts=[mount]).output
    finally:
        subprocess.run(["umount", below], check=True)


@pytest.mark.parametrize(("option", "seen"), [("rprivate", False), ("rslave", True), ("rshared", True)])
def test_mounts_of_the_host_show_in_a_bind_as_its_propagation_says(
    box: Box, tmp_path: Path, option: str, seen: bool
) -> None:
    source = tmp_path / "v"
    (source / "sub").mkdir(parents=True)
    subprocess.run(["mount", "--bind", source, source], check=True)
    subprocess.run(["mount", "--make-shared", source], check=True)
    mount = {"destination": "/v", "type": "bind", "source": str(source), "options": ["rbind", option]}
    kind = {"rshared": "shared", "rslave": "slave"}.get(option, "")
    output = os.memfd_create("output")
    script = "while [ ! -e /v/go ]; do sleep 0.01; done; ls /v/sub"
    try:
        spec = box.spec(["sh", "-c", script], mounts=[mount], rootfsPropagation=kind)
        started = box.start(spec, stdio=launch.Stdio(-1, output, output))
        subprocess.run(["mount", "-t", "tmpfs", "test", source / "sub"], check=True)
        (source / "sub/inner").touch()
        (source / "go").touch()
        os.waitid(os.P_PIDFD, started.pidfd, os.WEXITED)
        os.close(started.pidfd)
        assert (b"inner" in os.pread(output, 100, 0)) is seen
    finally:
        os.close(output)
        subprocess.run(["umount", source / "sub"], check=False)
        subprocess.run(["umount", source], check=True)


def test_a_tmpfs_takes_what_the_image_has_there_where_asked(box: Box) -> None:
    box.write("data/deep/file", "kept").chmod(0o640)
    os.chown(box.lower / "data/deep/file", 5, 6)
    (box.lower / "data/link").symlink_to("deep/file")
    mount = {"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}
    result = box.run(
        ["sh", "-c", "cat /data/link; stat -c ' %a %u %g' /data/deep/file; touch /data/new"], mounts=[mount]
    )
    assert result.output == "kept 640 5 6\n"
    assert not (box.directory / "upper/data/new").exists()


def test_in_a_control_group_namespace_the_group_is_the_root(grouped: Box) -> None:
    kinds = ("pid", "mount", "uts", "ipc", "network", "cgroup")
    namespaces = [{"type": kind} for kind in kinds]
    result: Result = grouped.run(["sh", "-c", "cat /proc/self/cgroup; ls /sys/fs/cgroup/*"], namespaces=namespaces)
    lines = [line for line in result.output.splitlines() if line.count(":") == 2]
    assert lines
    assert all(line.endswith(":/") for line in lines)
    assert "pydock-test" not in result.output


def test_without_one_only_its_own_group_is_shown(grouped: Box) -> None:
    if detect().version == 2:
        pytest.skip("version 2 shows the hierarchy as it is")
    group = Cgroup.at(grouped.group)
    result = grouped.run(["sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs"])
    assert group.path in result.output
    assert result.output.split()[-1] in ("1", "2", "3")


def test_a_namespace_of_another_container_is_joined(box: Box, tmp_path: Path) -> None:
    first = box.start(box.spec(["sleep", "1000"]))
    try:
        joined = [os.readlink(f"/proc/{first.pid}/ns/{name}") for name in ("pid", "ipc", "net")]
        other = Box(tmp_path / "other")
        kinds = {"pid": "pid", "ipc": "ipc", "network": "net"}
        namespaces: list[dict[str, Any]] = [
            {"type": kind, "path": f"/proc/{first.pid}/ns/{name}"} for kind, name in kinds.items()
        ]
        result = other.run(
            ["sh", "-c", "cat /proc/1/cmdline; for k in pid ipc net uts; do readlink /proc/self/ns/$k; done"],
            namespaces=[*namespaces, {"type": "mount"}, {"type": "uts"}],
        )
    finally:
        os.kill(first.pid, 9)
        os.waitid(os.P_PIDFD, first.pidfd, os.WEXITED)
        os.close(first.pidfd)
    assert result.output.startswith("sleep\x001000")
    assert result.output.split("\0")[-1].split()[:3] == joined


def test_with_the_hosts_namespaces_the_rest_is_still_its_own(box: Box) -> None:
    result = box.run(
        ["sh", "-c", "for k in net uts ipc mnt; do readlink /proc/self/ns/$k; done"],
        namespaces=[{"type": "mount"}, {"type": "pid"}],
        hostname="",
    )
    *shared, mount = result.output.split()
    assert shared == [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "uts", "ipc")]
    assert mount != os.readlink("/proc/self/ns/mnt")


def test_a_device_that_was_asked_for_is_there_and_no_other(grouped: Box) -> None:
    node, rule = devices.host_device("/dev/full", "/dev/brim", "r")
    result = grouped.run(
        ["sh", "-c", "head -c 1 /dev/brim >/dev/null && echo read; stat -c %t:%T /dev/brim"],
        devices=[node],
        resources={"devices": [*devices.DEFAULT_RULES, rule]},
    )
    assert result.output.split() == ["read", "1:7"]


def test_what_a_failed_set_up_mounted_is_gone_at_once(box: Box) -> None:
    with pytest.raises(StepFailed):
        box.run(["nope"])
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            (box.directory / "root").rmdir()
            break
        except OSError:
            time.sleep(0.01)
    assert not (box.directory / "root").exists()
