"""A container as seen from inside: namespaces, root, devices, capabilities, seccomp, descriptors, user."""

import ctypes
import errno
import json
import os
import signal
import stat
import struct
from pathlib import Path

import pytest

from pydock.errors import StepFailed
from pydock.linux.syscall import syscall
from pydock.runtime import capabilities, launch, seccomp
from tests.kernel.runtime.box import Box, Result, read_all, reap

DEFAULT_BITS = f"{capabilities.mask(capabilities.DEFAULT):016x}"
NONE = "0" * 16


def status(result: Result) -> dict[str, str]:
    """The fields of a /proc/PID/status that was written out."""
    return dict(line.split(":\t", 1) for line in result.output.splitlines() if ":\t" in line)


def test_root_has_dockers_capabilities_and_nothing_inheritable_or_ambient(box: Box) -> None:
    seen = status(box.run(["cat", "/proc/self/status"]))
    assert (seen["CapPrm"], seen["CapEff"], seen["CapBnd"]) == (DEFAULT_BITS,) * 3
    assert (seen["CapInh"], seen["CapAmb"]) == (NONE, NONE)


def test_another_user_has_no_capabilities_but_keeps_the_bounding_set(box: Box) -> None:
    seen = status(box.run(["cat", "/proc/self/status"], user={"username": "app"}))
    assert (seen["CapPrm"], seen["CapEff"], seen["CapInh"], seen["CapAmb"]) == (NONE,) * 4
    assert seen["CapBnd"] == DEFAULT_BITS
    assert seen["Uid"].split() == ["1000"] * 4
    assert seen["Gid"].split() == ["1001"] * 4
    assert seen["Groups"].split() == ["29", "1001"]


def test_all_capabilities_dropped_leaves_none(box: Box) -> None:
    seen = status(box.run(["cat", "/proc/self/status"], capabilities=[]))
    assert {seen[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {NONE}


def test_what_the_engine_lacks_is_left_out_with_a_warning(box: Box) -> None:
    own = int(Path("/proc/self/status").read_text().split("CapPrm:\t")[1].split()[0], 16)
    missing = capabilities.mask(capabilities.NAMES) & ~own
    if not missing:
        pytest.skip("this machine grants everything")
    result = box.run(["cat", "/proc/self/status"], capabilities=capabilities.NAMES)
    assert int(status(result)["CapBnd"], 16) == capabilities.mask(capabilities.NAMES) & own
    assert all(name in result.warnings[0] for name in capabilities.names(missing))


def test_seccomp_is_in_filter_mode_and_no_new_privs_only_on_request(box: Box) -> None:
    seen = status(box.run(["cat", "/proc/self/status"]))
    assert (seen["Seccomp"], seen["NoNewPrivs"]) == ("2", "0")
    seen = status(box.run(["cat", "/proc/self/status"], noNewPrivileges=True))
    assert (seen["Seccomp"], seen["NoNewPrivs"]) == ("2", "1")


def test_the_process_is_alone_with_pid_1(box: Box) -> None:
    result = box.run(["sh", "-c", "echo $$; ls -d /proc/[0-9]*"])
    assert result.output.split()[0] == "1"
    assert set(result.output.split()[1:]) <= {"/proc/1", "/proc/2"}


def test_namespaces_are_its_own(box: Box) -> None:
    kinds = ("pid", "mnt", "uts", "ipc", "net")
    result = box.run(
        ["sh", "-c", f"for k in {' '.join(kinds)}; do readlink /proc/self/ns/$k; done; cat /proc/sys/kernel/hostname"]
    )
    *inside, hostname = result.output.split()
    assert not set(inside) & {os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
    assert hostname == "box"


def test_no_mount_of_the_host_is_visible_and_none_propagates(box: Box) -> None:
    lines = box.run(["cat", "/proc/self/mountinfo"]).output.splitlines()
    points = {line.split()[4] for line in lines}
    assert points >= {"/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"}
    assert all(point == "/" or point.startswith(("/proc", "/dev", "/sys")) for point in points)
    assert not [line for line in lines if "shared:" in line or "master:" in line]
    assert str(box.directory) not in Path("/proc/self/mountinfo").read_text()


def test_only_the_standard_descriptors_are_open(box: Box) -> None:
    extra = os.open("/etc", os.O_RDONLY)
    os.set_inheritable(extra, True)
    try:
        result = box.run(["sh", "-c", "ls /proc/1/fd; :"])
    finally:
        os.close(extra)
    assert result.output.split() == ["0", "1", "2"]


def test_the_null_device_is_the_containers(box: Box) -> None:
    """Root inside could take the rights off the host's."""
    output = os.memfd_create("output")
    started = box.start(
        box.spec(["sh", "-c", "stat -L -c %d:%i /proc/self/fd/0 /dev/null; readlink /proc/self/fd/0"]),
        stdio=launch.Stdio(-1, output, output),
    )
    assert reap(started) == 0
    descriptor, node, name = read_all(output).split()
    os.close(output)
    assert (descriptor, name) == (node, "/dev/null")


def test_the_environment_is_the_configurations_and_home_is_looked_up(box: Box) -> None:
    os.environ["PYDOCK_TEST_SECRET"] = "host"
    try:
        result = box.python("import os, json; print(json.dumps(dict(os.environ)))", user={"username": "app"})
    finally:
        del os.environ["PYDOCK_TEST_SECRET"]
    assert {name: value for name, value in result.json.items() if name != "LC_CTYPE"} == {
        "PATH": "/bin:/usr/bin",
        "HOME": "/home/app",
    }


def test_dev_holds_dockers_nodes_and_links_and_nothing_else(box: Box) -> None:
    source = """
        import json, os
        print(json.dumps({e.name: [os.readlink(e.path) if e.is_symlink() else "", e.stat(follow_symlinks=False).st_mode,
              e.stat(follow_symlinks=False).st_rdev] for e in os.scandir("/dev")}))
    """
    seen = box.python(source).json
    nodes = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
    links = {"fd", "stdin", "stdout", "stderr", "ptmx"} | ({"core"} if os.path.exists("/proc/kcore") else set())
    assert set(seen) == {*nodes, *links, "pts", "shm", "mqueue"}
    for name, (major, minor) in nodes.items():
        assert seen[name][1:] == [stat.S_IFCHR | 0o666, os.makedev(major, minor)]
    assert seen["ptmx"][0] == "pts/ptmx"


def test_masked_paths_show_nothing_and_cannot_be_unmounted(box: Box) -> None:
    paths = box.spec(["x"])["linux"]["maskedPaths"]
    source = """
        import ctypes, json, os
        libc = ctypes.CDLL(None, use_errno=True)
        seen = {}
        for path in PATHS:
            if not os.path.exists(path):
                continue
            content = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read().decode()
            result = libc.umount2(path.encode(), 2)
            seen[path] = [content, result, ctypes.get_errno()]
        print(json.dumps(seen))
    """.replace("PATHS", repr(paths))
    seen = box.python(source).json
    assert {"/proc/keys", "/proc/timer_list", "/proc/interrupts", "/sys/firmware"} <= set(seen)
    assert all(content in ("", []) for content, _, _ in seen.values())
    assert all((result, number) == (-1, errno.EPERM) for _, result, number in seen.values())


@pytest.mark.parametrize(
    "path", ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/kernel/uevent_seqnum", "/sys/fs/cgroup/x"]
)
def test_proc_and_sys_cannot_be_written(box: Box, path: str) -> None:
    if not os.path.exists(os.path.dirname(path)) or (path.startswith("/proc") and not os.path.exists(path)):
        pytest.skip("this kernel has no such file")
    result = box.run(["sh", "-c", f"echo x > {path}"])
    assert result.status != 0
    assert "Read-only file system" in result.output or "Permission denied" in result.output


def test_the_session_keyring_is_not_the_callers(box: Box) -> None:
    source = """
        import os
        print(os.getsid(0), os.getpgrp())
    """
    assert box.python(source).output.split() == ["1", "1"]


def test_refused_calls_are_refused_and_ordinary_ones_work(box: Box) -> None:
    source = """
        import ctypes, json, os
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long
        numbers = dict(unshare=272, setns=308, mount=165, umount2=166, pivot_root=155, keyctl=250, add_key=248, bpf=321,
            perf_event_open=298, init_module=175, kexec_load=246, io_uring_setup=425, userfaultfd=323,
            open_by_handle_at=304, fsopen=430, open_tree=428, move_mount=429, reboot=169, swapon=167, quotactl=179,
            clone3=435, x32_ptrace=0x40000000 + 521, x32_unshare=0x40000000 + 272, unknown=600)
        seen = {}
        for name, number in numbers.items():
            result = libc.syscall(ctypes.c_long(number), ctypes.c_long(0x10000000), 0, 0, 0, 0)
            seen[name] = ctypes.get_errno() if result == -1 else 0
        import socket
        for family in (40, 2**32 + 40):
            result = libc.syscall(ctypes.c_long(41), ctypes.c_long(family), 1, 0)
            seen[f"vsock{family}"] = ctypes.get_errno() if result == -1 else 0
        seen["inet"] = socket.socket().fileno() > 2
        seen["fork"] = os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]
        seen["ptrace"] = libc.ptrace(0, 0, 0, 0)
        print(json.dumps(seen))
    """
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers are x86_64's")
    seen = box.python(source).json
    allowed = {"inet": True, "fork": 0, "ptrace": 0}
    assert {name: seen.pop(name) for name in allowed} == allowed
    assert seen.pop("clone3") == errno.ENOSYS
    assert seen.pop("unknown") == errno.ENOSYS
    seen.pop("x32_ptrace")
    assert set(seen.values()) == {errno.EPERM}, seen


def test_the_32_bit_abis_of_x86_are_filtered_as_well(box: Box) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x86_64 has them")
    source = """
        import ctypes, json, mmap
        # mov eax, edi; mov ebx, esi; xor ecx, ecx; xor edx, edx; xor esi, esi; int 0x80; ret, with rbx kept
        code = bytes.fromhex("5389f889f331c931d231f6cd805bc3")
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(code)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)
        call = prototype(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        numbers = dict(getpid=20, mount=21, unshare=310, setns=346, bpf=357, keyctl=288, fsopen=430, clone3=435)
        seen = {name: call(number, 0x10000000) for name, number in numbers.items()}
        print(json.dumps({**seen, "vsock": call(359, 40)}))
    """
    seen = box.python(source).json
    assert seen.pop("getpid") == 1
    assert seen.pop("clone3") == -errno.ENOSYS
    assert set(seen.values()) == {-errno.EPERM}, seen


def test_a_custom_profile_decides_by_arguments_and_sets_the_errno(box: Box) -> None:
    profile = seccomp.parse(
        json.dumps(
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [
                    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EDOM},
                    {
                        "names": ["kill"],
                        "action": "SCMP_ACT_ERRNO",
                        "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}],
                    },
                ],
            }
        )
    )
    source = """
        import os
        try: os.mkdir("/tmp/x")
        except OSError as e: print(e.errno)
        os.kill(os.getpid(), 0)
        try: os.kill(os.getpid(), 10)
        except OSError as e: print(e.errno)
    """
    result = box.python(source, launch_options={"seccomp": seccomp.compile(profile, [])})
    assert result.output.split() == [str(errno.EDOM), str(errno.EPERM)]


def test_a_missing_program_is_told_by_step_errno_and_path(box: Box) -> None:
    for program, number in (("nope", errno.ENOENT), ("/bin/nope", errno.ENOENT), ("/etc/passwd", errno.EACCES)):
        with pytest.raises(StepFailed) as caught:
            box.run([program])
        assert (caught.value.step, caught.value.errno, caught.value.path) == ("exec", number, program)


def children() -> str:
    """The processes that this one has below it; other tests may have some that stay."""
    return "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))


def test_a_failed_start_leaves_neither_process_nor_mount(box: Box) -> None:
    before = children()
    with pytest.raises(StepFailed) as caught:
        box.run(["true"], mounts=[{"destination": "/x", "type": "bind", "source": "/nonexistent", "options": ["bind"]}])
    assert (caught.value.errno, caught.value.path) == (errno.ENOENT, "/nonexistent")
    assert str(box.directory) not in Path("/proc/self/mountinfo").read_text()
    assert children() == before


def test_an_image_cannot_bring_modules_that_the_set_up_loads(box: Box) -> None:
    trap = "open('/pwned', 'w').write('x')\n"
    for name in (
        "encodings/latin_1",
        "encodings/idna",
        "traceback",
        "linecache",
        "warnings",
        "errno",
        "pydock/__init__",
    ):
        for prefix in ("", "usr/lib/python3/", os.path.dirname(os.__file__).lstrip("/") + "/"):
            box.write(f"{prefix}{name}.py", trap)
    with pytest.raises(StepFailed):
        box.run(["true"], cwd="/etc/passwd/x")
    with pytest.raises(StepFailed):
        box.run(["true"], user={"username": "ghost"})
    box.run(["true"])
    assert not list(box.directory.rglob("pwned"))


@pytest.mark.parametrize("goal", ["/proc/self/fd/3", "/proc/1/cwd", "/proc/self/root/../../..", "/proc/self/fd/7"])
def test_a_working_directory_never_leads_out(box: Box, goal: str) -> None:
    (box.lower / "way").symlink_to(goal)
    try:
        result = box.run(["sh", "-c", "pwd -P; ls -d /proc/1/cwd/etc/shadow"], cwd="/way")
    except StepFailed as failed:
        assert failed.step.startswith("enter the working directory")  # noqa: PT017
    else:
        assert "/etc/shadow\n" not in result.output
        assert not result.output.startswith("(unreachable)")


def test_a_missing_working_directory_is_made_even_on_a_read_only_root(box: Box) -> None:
    result = box.run(["sh", "-c", "pwd; touch /x"], cwd="/a/b", root={"readonly": True})
    assert result.output.splitlines()[0] == "/a/b"
    assert "Read-only file system" in result.output


def test_umask_limits_and_oom_score_are_exact(box: Box) -> None:
    result = box.run(
        ["sh", "-c", "umask; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj"],
        user={"username": "", "umask": 0o027},
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}],
        oomScoreAdj=500,
    )
    assert result.output.split() == ["0027", "100", "200", "500"]


def test_signals_are_at_their_defaults(box: Box) -> None:
    seen = status(box.run(["cat", "/proc/self/status"]))
    assert (seen["SigBlk"], seen["SigIgn"], seen["SigCgt"]) == (NONE, NONE, NONE)


def test_signals_that_glibc_hides_are_not_inherited_ignored(box: Box) -> None:
    ignore, default = (struct.pack("=4Q", handler, 0, 0, 0) for handler in (signal.SIG_IGN, signal.SIG_DFL))
    syscall("rt_sigaction", 32, ignore, None, ctypes.c_size_t(8))
    try:
        assert status(box.run(["cat", "/proc/self/status"]))["SigIgn"] == NONE
    finally:
        syscall("rt_sigaction", 32, default, None, ctypes.c_size_t(8))


def test_tmpfs_flags_hold_and_the_targets_mode_is_kept(box: Box) -> None:
    mount = {
        "destination": "/tmp",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["noexec", "nosuid", "nodev", "size=64k"],
    }
    result = box.run(["sh", "-c", "grep ' /tmp ' /proc/mounts; stat -c %a /tmp"], mounts=[mount])
    line, mode = result.output.splitlines()
    assert {"noexec", "nosuid", "nodev", "size=64k"} <= set(line.split()[3].split(","))
    assert mode == "1777"


def test_a_tmpfs_where_nothing_was_is_for_everybody(box: Box) -> None:
    mount = {"destination": "/new/ram", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]}
    assert box.run(["stat", "-c", "%a", "/new", "/new/ram"], mounts=[mount]).output.split() == ["755", "1777"]


def test_a_read_only_bind_is_read_only(box: Box, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mount = {"destination": "/data", "type": "bind", "source": str(tmp_path / "data"), "options": ["rbind", "ro"]}
    assert "Read-only" in box.run(["touch", "/data/x"], mounts=[mount]).output
    mount["options"] = ["rbind"]
    assert box.run(["touch", "/data/x"], mounts=[mount]).status == 0
    assert (tmp_path / "data/x").exists()


@pytest.mark.parametrize("target", ["/link/victim", "/abs/victim", "/up/victim", "/etc/resolv.conf"])
def test_mount_targets_are_resolved_inside_the_root(box: Box, tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (box.lower / "link").symlink_to("../../../../../../" + str(outside).lstrip("/"))
    (box.lower / "abs").symlink_to(outside)
    (box.lower / "up").symlink_to("../" * 20 + str(outside).lstrip("/"))
    (box.lower / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    (tmp_path / "file").write_text("bound")
    mount = {"destination": target, "type": "bind", "source": str(tmp_path / "file"), "options": ["bind", "ro"]}
    assert box.run(["cat", target], mounts=[mount]).output == "bound"
    assert not list(outside.iterdir())


@pytest.mark.parametrize("destination", ["/proc", "/proc/sys", "/proc/self", "/p", "/p/sys"])
def test_nothing_is_mounted_over_proc_directly_or_by_a_link(box: Box, tmp_path: Path, destination: str) -> None:
    (box.lower / "p").symlink_to("proc")
    (tmp_path / "v").mkdir()
    mount = {"destination": destination, "type": "bind", "source": str(tmp_path / "v"), "options": ["rbind"]}
    with pytest.raises(StepFailed):
        box.run(["true"], mounts=[mount])


def test_proc_as_a_link_in_the_image_is_refused(box: Box) -> None:
    (box.lower / "proc").symlink_to("/tmp")
    with pytest.raises(StepFailed, match="must be a directory"):
        box.run(["true"])


def test_only_namespaced_sysctls_are_set(box: Box) -> None:
    assert box.run(["cat", "/proc/sys/net/ipv4/ip_forward"], sysctl={"net.ipv4.ip_forward": "1"}).output == "1\n"
    for name in (
        "kernel.panic",
        "vm.swappiness",
        "net/../kernel/panic",
        "net.ipv4..ip_forward",
        "kernel/shmmax/../panic",
    ):
        with pytest.raises(StepFailed):
            box.run(["true"], sysctl={name: "1"})


def test_a_user_that_is_not_there_never_becomes_root(box: Box) -> None:
    for name in ("ghost", "4294967296", "-1", "1000:ghosts", "99999999999999999999", "app:4294967296"):
        with pytest.raises(StepFailed) as caught:
            box.run(["id"], user={"username": name})
        assert caught.value.step == "look up the user"


def test_a_fifo_or_a_device_as_passwd_neither_hangs_nor_gives_root(box: Box) -> None:
    (box.lower / "etc/passwd").unlink()
    os.mkfifo(box.lower / "etc/passwd")
    with pytest.raises(StepFailed, match="no matching entries"):
        box.run(["id"], user={"username": "app"})


def test_a_terminal_is_the_controlling_one_and_the_console(box: Box) -> None:
    started = box.start(
        box.spec(["sh", "-c", "tty; stat -c %t:%T /dev/console; stty size 2>/dev/null; echo done"], terminal=True)
    )
    output = b""
    try:
        while b"done" not in output:
            output += os.read(started.terminal, 4096)
    finally:
        os.close(started.terminal)
        reap(started)
    assert output.splitlines()[0] == b"/dev/pts/0"
    assert output.splitlines()[1].startswith(b"88:")


def test_the_gate_holds_the_program_back(box: Box) -> None:
    ours, theirs = os.pipe()
    output = os.memfd_create("output")
    pid = os.fork()
    if pid == 0:
        os.write(theirs, b"x")
        os._exit(0)
    os.waitpid(pid, 0)
    started = box.start(box.spec(["echo", "open"]), gate=ours, stdio=launch.Stdio(-1, output, output))
    assert reap(started) == 0
    assert read_all(output) == "open\n"
    for descriptor in (ours, theirs, output):
        os.close(descriptor)


def test_the_container_ends_when_pid_1_does(box: Box) -> None:
    assert box.run(["sh", "-c", "sleep 1000 & exit 0"]).status == 0
